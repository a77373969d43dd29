import { messageOf, sleep, type Host } from "@skiff/base";
import type { Backoff } from "./backoff.ts";
import type { ImageCollector } from "./image-collector.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import { DEFAULT_LOG_ROTATION, rotateLogs } from "./logs/log-rotation.ts";
import type { PodManager } from "./pod-manager.ts";

const DEFAULT_HOUSEKEEPING_MS = 60_000;
const ROTATION_MS = 10_000;
const IMAGES_MS = 300_000;

/** What {@link NodeUpkeep} works with. */
interface NodeUpkeepParts {
  readonly host: Host;
  readonly options: Pick<KubeletOptions, "runtime" | "fileSystem" | "logRotation" | "eviction" | "housekeepingMs">;
  readonly pods: Pick<PodManager, "cleanOrphans" | "size">;
  readonly restarts: Pick<Backoff, "prune">;
  readonly images: Pick<ImageCollector, "collect">;
}

/** The chores that come round: left-overs of Pods, logs that grow, images that pile up. */
export class NodeUpkeep {
  readonly #parts: NodeUpkeepParts;
  readonly #stop = new AbortController();

  constructor(parts: NodeUpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    const { host, options, pods, restarts, images } = this.#parts;
    const { runtime, fileSystem } = options;
    this.#every(options.housekeepingMs ?? DEFAULT_HOUSEKEEPING_MS, "left-overs could not be cleaned", async () => {
      await pods.cleanOrphans();
      restarts.prune();
    });
    const limits = options.logRotation ?? DEFAULT_LOG_ROTATION;
    if (limits !== false) {
      const onError = (containerId: string, error: unknown): void =>
        host.log.warn("a log could not be rotated", { containerId, error: messageOf(error) });
      this.#every(ROTATION_MS, "logs could not be rotated", async () => {
        if (pods.size > 0) await rotateLogs({ clock: host.clock, fileSystem, runtime, onError }, limits);
      });
    }
    if (options.eviction ?? true) this.#every(IMAGES_MS, "images could not be removed", async () => void (await images.collect()));
  }

  stop(): void {
    this.#stop.abort(new Error("the kubelet was stopped"));
  }

  #every(periodMs: number, complaint: string, chore: () => Promise<void>): void {
    const { host } = this.#parts;
    const { signal } = this.#stop;
    const loop = async (): Promise<void> => {
      while (!signal.aborted) {
        await chore().catch((error: unknown) => host.log.warn(complaint, { error: messageOf(error) }));
        await sleep(host.clock, periodMs, signal).catch(() => {});
      }
    };
    // The loop handles its own failures and ends with the signal.
    void loop();
  }
}
