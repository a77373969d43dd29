import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { containerRuntimeContract, type RuntimeContractSubject } from "@skiff/kubelet/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { busyboxImage } from "./images/busybox-image.ts";
import { TestContainerd } from "./test-containerd.ts";

describe("the contract of the container runtime, on containerd", () => {
  let containerd: TestContainerd;
  let hasEvents = false;

  beforeAll(async () => {
    containerd = await TestContainerd.start("skiff-e2e-c", "10.99.1.0/24", [busyboxImage(["busybox:1.28"])]);
    const { runtimeVersion } = await containerd.runtime.version();
    // Events of containers came with containerd 1.7.
    hasEvents = !/^v?1\.[0-6]\./.test(runtimeVersion);
  });

  afterAll(() => containerd.remove());

  const subject = (): RuntimeContractSubject => ({
    runtime: containerd.runtime,
    image: "busybox:1.28",
    logDirectory: `${containerd.directory}/logs`,
    cgroupParent: containerd.cgroupParent,
    hasEvents,
    async readLog(path) {
      const text = await readFile(path, "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.split(" ").slice(3).join(" "));
    },
    waitFor: (promise) => promise,
    async until(done) {
      for (let attempt = 0; attempt < 400; attempt++) {
        if (await done()) return;
        await delay(50);
      }
      throw new Error("not reached within 20 s");
    },
  });

  it.each(containerRuntimeContract)("$name", (each) => each.run(subject()));
});
