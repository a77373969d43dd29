import { messageOf, sleep, type Host } from "@skiff/base";
import type { ContainerRuntime } from "./container-runtime.ts";
import { podOf } from "./runtime-pod.ts";

/** Without events from the runtime everything is listed so often (upstream's generic PLEG). */
const RELIST_MS = 1000;
/** With events a list now and then finds what an event was lost of. */
const RELIST_WITH_EVENTS_MS = 60_000;
/** A runtime whose event stream broke is asked for a new one after this. */
const RECONNECT_MS = 5000;
/** Without any list for so long the runtime counts as unhealthy (upstream's threshold). */
const UNHEALTHY_AFTER_MS = 180_000;

/** What {@link PodLifecycleEvents} works with. */
interface PodLifecycleParts {
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, "containerEvents" | "listContainers" | "listPodSandboxes">;
  /** False while the node has no Pods: then nothing is listed. */
  readonly hasPods: () => boolean;
  /** Something of the Pod has changed in the runtime. */
  readonly onChange: (pod: { uid: string; name: string; namespace: string }) => void;
}

/**
 * Notices what happens to Pods in the runtime: by its events when it has them, by listing otherwise.
 *
 * Guarantees: every change of state is told at least once, at the latest with the next list.
 */
export class PodLifecycleEvents {
  readonly #parts: PodLifecycleParts;
  readonly #stop = new AbortController();
  /** States by container or sandbox id, as of the last list. */
  #seen = new Map<string, { state: string; pod: { uid: string; name: string; namespace: string } }>();
  #hasEvents = false;
  #lastListMs: number;

  constructor(parts: PodLifecycleParts) {
    this.#parts = parts;
    this.#lastListMs = parts.host.clock.monotonic();
  }

  /** False when the runtime has not answered for long. */
  get healthy(): boolean {
    return !this.#parts.hasPods() || this.#parts.host.clock.monotonic() - this.#lastListMs < UNHEALTHY_AFTER_MS;
  }

  start(): void {
    // Both loops handle their own failures and end with the signal.
    void this.#followEvents();
    void this.#relistLoop();
  }

  stop(): void {
    this.#stop.abort(new Error("the kubelet was stopped"));
  }

  async #followEvents(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log } = this.#parts.host;
    while (!signal.aborted) {
      const startedMs = clock.monotonic();
      try {
        await this.#parts.runtime.containerEvents((event) => {
          // Only an event shows that there are any: some runtimes accept the call and then say that they have none.
          this.#hasEvents = true;
          if (event.podUid !== "") this.#parts.onChange({ uid: event.podUid, name: "", namespace: "" });
        }, signal);
      } catch (error) {
        if ((error as { code?: string }).code === "UNIMPLEMENTED") return;
        if (!signal.aborted) log.info("the runtime's events ended; listing instead", { error: messageOf(error) });
      }
      this.#hasEvents = false;
      await sleep(clock, Math.max(0, RECONNECT_MS - (clock.monotonic() - startedMs)), signal).catch(() => {});
    }
  }

  async #relistLoop(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log } = this.#parts.host;
    while (!signal.aborted) {
      if (this.#parts.hasPods()) {
        await this.relist().catch((error: unknown) =>
          log.warn("the runtime's containers could not be listed", { error: messageOf(error) }),
        );
      } else this.#lastListMs = clock.monotonic();
      // A longer wait is cut into short ones, so that broken events are made up for soon.
      const untilMs = clock.monotonic() + (this.#hasEvents ? RELIST_WITH_EVENTS_MS : RELIST_MS);
      do await sleep(clock, this.#hasEvents ? RECONNECT_MS : RELIST_MS, signal).catch(() => {});
      while (this.#hasEvents && !signal.aborted && clock.monotonic() < untilMs);
    }
  }

  /** Lists everything and tells of each Pod that differs from the last list. */
  async relist(): Promise<void> {
    const { runtime, host } = this.#parts;
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
    this.#lastListMs = host.clock.monotonic();
    const now = new Map<string, { state: string; pod: { uid: string; name: string; namespace: string } }>();
    for (const item of [...sandboxes, ...containers]) {
      const pod = podOf(item);
      if (pod !== undefined) now.set(item.id, { state: item.state, pod });
    }
    const changed = new Map<string, { uid: string; name: string; namespace: string }>();
    for (const [id, { state, pod }] of now) if (this.#seen.get(id)?.state !== state) changed.set(pod.uid, pod);
    for (const [id, { pod }] of this.#seen) if (!now.has(id)) changed.set(pod.uid, pod);
    this.#seen = now;
    for (const pod of changed.values()) this.#parts.onChange(pod);
  }
}
