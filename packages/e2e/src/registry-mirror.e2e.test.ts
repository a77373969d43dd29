import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildBusyboxArchive } from "./images/busybox-image.ts";
import { LocalRegistry } from "./images/local-registry.ts";
import { TestContainerd } from "./test-containerd.ts";

describe("registry mirrors", () => {
  let registry: LocalRegistry;
  let containerd: TestContainerd;

  beforeAll(async () => {
    registry = await LocalRegistry.start();
    await registry.push(await buildBusyboxArchive(), new NodeProcessSpawner(systemClock));
    containerd = await TestContainerd.start("skiff-e2e-r", "10.99.4.0/24", [], [{ registry: "*", endpoints: [registry.url] }]);
  });

  afterAll(async () => {
    await containerd?.remove();
    await registry?.stop();
  });

  it("give an image for the name that users know it by", async () => {
    expect(await containerd.runtime.imageStatus("busybox:1.36")).toBeUndefined();
    const id = await containerd.images.pull("busybox:1.36");
    expect(await containerd.runtime.imageStatus("busybox:1.36")).toMatchObject({
      id,
      repoTags: ["docker.io/library/busybox:1.36"],
      repoDigests: [expect.stringMatching(/^docker\.io\/library\/busybox@sha256:/)],
    });
    expect(await containerd.images.remove("busybox:1.36")).toBe(true);
  });

  it("say that an image is not there", async () => {
    // What it says depends on what the registry behind the mirror answers, if it can be reached.
    await expect(containerd.images.pull("absent:1")).rejects.toThrow('"docker.io/library/absent:1"');
  });
});
