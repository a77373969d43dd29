import type { Clock } from "@skiff/base";
import { canonicalReference } from "./canonical-reference.ts";
import type { ContainerRuntime, Image } from "./container-runtime.ts";
import type { MachineUsage } from "./node-facts.ts";

/** Images are removed once the disk is so full, until it is less full than the second (upstream's defaults, in percent). */
const HIGH_PERCENT = 85;
const LOW_PERCENT = 80;
/** An image that was seen for the first time so recently is about to be used. */
const MIN_AGE_MS = 120_000;

/** Removes images that no container uses when the disk fills up, those first that were used longest ago. */
export class ImageCollector {
  readonly #clock: Clock;
  readonly #runtime: Pick<ContainerRuntime, "listImages" | "listContainers" | "removeImage">;
  readonly #usage: () => Promise<MachineUsage>;
  readonly #alsoUsed: () => readonly string[];
  /** By image id, on the monotonic clock. */
  readonly #seen = new Map<string, { readonly firstMs: number; lastUsedMs: number }>();

  /** `alsoUsed`: references of images that Pods use otherwise than by containers. */
  constructor(
    clock: Clock,
    runtime: Pick<ContainerRuntime, "listImages" | "listContainers" | "removeImage">,
    usage: () => Promise<MachineUsage>,
    alsoUsed: () => readonly string[] = () => [],
  ) {
    this.#alsoUsed = alsoUsed;
    this.#clock = clock;
    this.#runtime = runtime;
    this.#usage = usage;
  }

  /** Removes what is too much. Answers the bytes that were freed. */
  async collect(): Promise<number> {
    const { fsCapacityBytes, fsAvailableBytes } = await this.#usage();
    const unused = await this.#unused();
    const usedPercent = fsCapacityBytes > 0 ? 100 - (fsAvailableBytes / fsCapacityBytes) * 100 : 0;
    if (usedPercent < HIGH_PERCENT) return 0;
    return this.#remove(unused, (fsCapacityBytes * (100 - LOW_PERCENT)) / 100 - fsAvailableBytes);
  }

  /** Removes every image that is not in use. Answers the bytes that were freed. */
  async collectAll(): Promise<number> {
    return this.#remove(await this.#unused(), Number.POSITIVE_INFINITY);
  }

  async #remove(images: readonly Image[], wantedBytes: number): Promise<number> {
    let freedBytes = 0;
    for (const image of images) {
      if (freedBytes >= wantedBytes) break;
      await this.#runtime.removeImage(image.id);
      this.#seen.delete(image.id);
      freedBytes += image.sizeBytes;
    }
    return freedBytes;
  }

  async #unused(): Promise<Image[]> {
    const now = this.#clock.monotonic();
    const [images, containers] = await Promise.all([this.#runtime.listImages(), this.#runtime.listContainers()]);
    const used = new Set([
      ...containers.flatMap(({ image, imageRef }) => [image, imageRef]),
      ...this.#alsoUsed().flatMap((reference) => [reference, canonicalReference(reference)]),
    ]);
    for (const id of this.#seen.keys()) if (!images.some((image) => image.id === id)) this.#seen.delete(id);
    const unused: Image[] = [];
    for (const image of images) {
      const record = this.#seen.get(image.id) ?? { firstMs: now, lastUsedMs: Number.NEGATIVE_INFINITY };
      this.#seen.set(image.id, record);
      // The pause image has no container that CRI lists; runtimes pin it.
      const isUsed = [image.id, ...image.repoTags, ...image.repoDigests].some((name) => used.has(name));
      if (isUsed) record.lastUsedMs = now;
      else if (now - record.firstMs >= MIN_AGE_MS && !image.repoTags.some((tag) => tag.includes("/pause:"))) unused.push(image);
    }
    const lastUsed = ({ id }: Image): number => this.#seen.get(id)?.lastUsedMs ?? 0;
    return unused.sort((a, b) => lastUsed(a) - lastUsed(b));
  }
}
