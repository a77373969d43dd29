import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage } from "./images/busybox-image.ts";
import { TestContainerd } from "./test-containerd.ts";

describe("registry mirrors", () => {
  let directory: string;
  let registry: ChildProcess;
  let containerd: TestContainerd;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "skiff-registry-"));
    const port = await freePort();
    const config = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: `${directory}/data` } },
      http: { addr: `127.0.0.1:${port}` },
      log: { level: "error", accesslog: { disabled: true } },
    };
    await writeFile(`${directory}/config.yml`, JSON.stringify(config));
    registry = spawn("docker-registry", ["serve", `${directory}/config.yml`], { stdio: "ignore" });
    await untilAnswers(`http://127.0.0.1:${port}/v2/`);
    const mirrors = [{ registry: "*", endpoints: [`http://127.0.0.1:${port}`] }];
    const local = `127.0.0.1:${port}/library/busybox:1.28`;
    containerd = await TestContainerd.start("skiff-e2e-r", "10.99.4.0/24", [busyboxImage([local])], mirrors);
    const push = ["--address", containerd.options.socketPath, "--namespace", "k8s.io", "images", "push", "--plain-http", local];
    const pushed = await new NodeProcessSpawner(systemClock).run("ctr", push, { timeoutMs: 60_000 });
    expect(pushed).toMatchObject({ exitCode: 0 });
    await containerd.images.remove(local);
  });

  afterAll(async () => {
    await containerd.remove();
    registry.kill();
    await rm(directory, { recursive: true });
  });

  it("give an image for the name that users know it by", async () => {
    expect(await containerd.runtime.imageStatus("busybox:1.28")).toBeUndefined();
    const id = await containerd.images.pull("busybox:1.28");
    expect(await containerd.runtime.imageStatus("busybox:1.28")).toMatchObject({
      id,
      repoTags: ["docker.io/library/busybox:1.28"],
      repoDigests: [expect.stringMatching(/^docker\.io\/library\/busybox@sha256:/)],
    });
    expect(await containerd.images.remove("busybox:1.28")).toBe(true);
  });

  it("say that an image is not there", async () => {
    // What it says depends on what the registry behind the mirror answers, if it can be reached.
    await expect(containerd.images.pull("absent:1")).rejects.toThrow('"docker.io/library/absent:1"');
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilAnswers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await delay(50);
  }
  throw new Error(`${url} does not answer`);
}
