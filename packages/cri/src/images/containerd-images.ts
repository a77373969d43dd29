import { type Clock, sleep } from "@skiff/base";

import type { ProcessSpawner } from "../host/process-spawner.ts";
import { canonicalReference, type ContainerRuntime, type Image, type ImageMounter } from "@skiff/kubelet";

/** What {@link ContainerdImages} works with. */
interface ContainerdImagesOptions {
  readonly runtime: ContainerRuntime;
  readonly spawner: ProcessSpawner;
  readonly clock: Clock;
  readonly socketPath: string;
  readonly snapshotter: "overlayfs" | "native";
  /** Name or path of containerd's client. Default `ctr`. */
  readonly ctrBinary?: string;
}

/** Unpacking a large archive onto a slow disk takes minutes. */
const LOAD_TIMEOUT_MS = 10 * 60_000;
const CTR_TIMEOUT_MS = 60_000;

/** containerd tells its CRI side of new images by an event; this is how long that may take. */
const VISIBLE_TIMEOUT_MS = 10_000;
const VISIBLE_CHECK_MS = 10;

/** The images of one containerd: what `skiff image` does. */
export class ContainerdImages implements ImageMounter {
  readonly #options: ContainerdImagesOptions;

  constructor(options: ContainerdImagesOptions) {
    this.#options = options;
  }

  /**
   * Loads every image of an archive (an OCI image layout or the output of `docker save`, compressed or not) and answers
   * their references. The images can be used when it resolves.
   *
   * Errors: rejects with an `Error` that says what containerd said.
   */
  async load(file: string): Promise<readonly string[]> {
    const { snapshotter } = this.#options;
    const stdout = await this.#ctr(["images", "import", "--snapshotter", snapshotter, file], LOAD_TIMEOUT_MS);
    const references = [...stdout.matchAll(/^unpacking (\S+) \(/gm)].map(([, reference = ""]) => reference);
    if (references.length === 0) throw new Error(`${file} holds no image for this machine`);
    for (const reference of references) await this.#untilVisible(reference);
    return references;
  }

  list(): Promise<readonly Image[]> {
    return this.#options.runtime.listImages();
  }

  /** Pulls from the registry or its mirrors. Answers the image's id. */
  pull(reference: string): Promise<string> {
    return this.#options.runtime.pullImage(canonicalReference(reference), undefined, undefined);
  }

  /** Gives an image another name. */
  async tag(source: string, target: string): Promise<void> {
    await this.#ctr(["images", "tag", "--force", canonicalReference(source), canonicalReference(target)], CTR_TIMEOUT_MS);
    await this.#untilVisible(canonicalReference(target));
  }

  /**
   * Removes one name, and the image when that was its last. False when there was no such image. A reference that is
   * an id (`sha256:…`) removes the image with all of its names.
   */
  async remove(reference: string): Promise<boolean> {
    const { runtime } = this.#options;
    const image = await runtime.imageStatus(reference);
    if (image === undefined) return false;
    const canonical = canonicalReference(reference);
    const names = image.repoTags.filter((tag) => tag !== canonical);
    // CRI removes all names at once, so that it is asked only to remove the last.
    if (!image.repoTags.includes(canonical) || names.length === 0) await runtime.removeImage(reference);
    else await this.#ctr(["images", "rm", "--sync", canonical], CTR_TIMEOUT_MS);
    return true;
  }

  /**
   * Mounts the file system of an image, read-only. By way of containerd's own client, for CRI can do it from containerd
   * 2.1 on only.
   */
  async mount(reference: string, target: string): Promise<void> {
    const snapshotter = ["--snapshotter", this.#options.snapshotter];
    // Both are named after the target; unmounting leaves them, and they would be in the way.
    for (const leftOver of [
      ["snapshots", ...snapshotter, "rm", target],
      ["leases", "rm", target],
    ]) {
      await this.#ctr(leftOver, CTR_TIMEOUT_MS).catch(() => undefined);
    }
    await this.#ctr(["images", "mount", ...snapshotter, canonicalReference(reference), target], CTR_TIMEOUT_MS);
  }

  async #untilVisible(reference: string): Promise<void> {
    const { runtime, clock } = this.#options;
    const deadlineMs = clock.monotonic() + VISIBLE_TIMEOUT_MS;
    while ((await runtime.imageStatus(reference)) === undefined) {
      if (clock.monotonic() >= deadlineMs) throw new Error(`containerd loaded ${reference} but does not show it`);
      await sleep(clock, VISIBLE_CHECK_MS);
    }
  }

  async #ctr(args: readonly string[], timeoutMs: number): Promise<string> {
    const { spawner, socketPath, ctrBinary = "ctr" } = this.#options;
    const result = await spawner.run(ctrBinary, ["--address", socketPath, "--namespace", "k8s.io", ...args], { timeoutMs });
    if (result.exitCode !== 0) throw new Error(`ctr ${args.slice(0, 2).join(" ")} failed: ${(result.stderr || result.stdout).trim()}`);
    return result.stdout;
  }
}
