import { testHost } from "@skiff/base/testing";
import type { ContainerRuntime, Image } from "@skiff/kubelet";
import { describe, expect, it } from "vitest";
import { FakeMachine } from "../host/fake-machine.ts";
import { ContainerdImages } from "./containerd-images.ts";

function setUp(images: readonly Image[]) {
  const machine = new FakeMachine();
  const removed: string[] = [];
  const pulled: string[] = [];
  const state = { images };
  const runtime = {
    imageStatus: async (reference: string) => state.images.find((image) => image.repoTags.includes(reference) || image.id === reference),
    listImages: async () => state.images,
    pullImage: async (reference: string) => pulled.push(reference) && "id",
    removeImage: async (reference: string) => void removed.push(reference),
  } as unknown as ContainerRuntime;
  const { clock } = testHost();
  const store = new ContainerdImages({ runtime, spawner: machine, clock, socketPath: "/sock", snapshotter: "native" });
  return { machine, store, removed, pulled, clock, state };
}

const image = (...repoTags: string[]): Image => ({ id: "sha256:1", repoTags, repoDigests: [], sizeBytes: 1 });
const CTR = "ctr --address /sock --namespace k8s.io images";

describe("ContainerdImages", () => {
  it("loads an archive and answers its references once CRI shows them", async () => {
    const { store, machine, state, clock } = setUp([]);
    machine.answer = () => ({
      stdout: "unpacking docker.io/library/a:1 (sha256:1)...done\nunpacking docker.io/library/a:2 (sha256:1)...done\n",
    });
    const loaded = store.load("/a.tar");
    await clock.advance(100);
    state.images = [image("docker.io/library/a:1", "docker.io/library/a:2")];
    await clock.advance(100);
    expect(await loaded).toEqual(["docker.io/library/a:1", "docker.io/library/a:2"]);
    expect(machine.commands).toEqual([`${CTR} import --snapshotter native /a.tar`]);
  });

  it("says what is wrong with an archive", async () => {
    const { store, machine } = setUp([]);
    await expect(store.load("/empty.tar")).rejects.toThrow("/empty.tar holds no image for this machine");
    machine.answer = () => ({ exitCode: 1, stderr: "ctr: unrecognized image format\n" });
    await expect(store.load("/bad.tar")).rejects.toThrow("ctr images import failed: ctr: unrecognized image format");
  });

  it("removes one of several names, and the image with the last", async () => {
    const { store, machine, removed, state } = setUp([image("docker.io/library/a:1", "docker.io/library/a:2")]);
    // A short name is found by its complete one.
    expect(await store.remove("docker.io/library/a:1")).toBe(true);
    expect(machine.commands).toEqual([`${CTR} rm --sync docker.io/library/a:1`]);
    expect(removed).toEqual([]);
    state.images = [image("docker.io/library/a:2")];
    expect(await store.remove("docker.io/library/a:2")).toBe(true);
    expect(removed).toEqual(["docker.io/library/a:2"]);
    state.images = [];
    expect(await store.remove("docker.io/library/a:2")).toBe(false);
  });

  it("removes an image by its id with all of its names", async () => {
    const { store, machine, removed } = setUp([image("docker.io/library/a:1", "docker.io/library/a:2")]);
    expect(await store.remove("sha256:1")).toBe(true);
    expect(removed).toEqual(["sha256:1"]);
    expect(machine.commands).toEqual([]);
  });

  it("pulls by the complete name", async () => {
    const { store, pulled } = setUp([]);
    await store.pull("a");
    expect(pulled).toEqual(["docker.io/library/a:latest"]);
  });
});
