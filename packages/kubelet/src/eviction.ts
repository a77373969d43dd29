import { parseTime, sleep, type Clock } from "@skiff/base";
import type { Pod } from "@skiff/api";
import { podAmount, wholeUnits } from "./container-resources.ts";
import type { NodePressure } from "./node-conditions.ts";
import type { MachineUsage } from "./node-facts.ts";
import { MEMORY_EVICTION_THRESHOLD_BYTES } from "./node-object.ts";
import { isCritical } from "./quality-of-service.ts";

/** How often the node looks at itself. */
const MONITOR_MS = 10_000;
/** A condition is held so long after its cause has gone, so that it does not flap. */
const TRANSITION_MS = 300_000;
/** Below these parts of the whole the disk, or its inodes, count as full. */
const FS_AVAILABLE_MIN = 0.1;
const FS_INODES_MIN = 0.05;

/** Something that the node has too little of. */
export interface Shortage {
  readonly resource: "memory" | "ephemeral-storage" | "inodes";
  readonly available: number;
  readonly threshold: number;
}

/** What is short, the most pressing first. */
export function shortages(usage: MachineUsage): Shortage[] {
  const found: Shortage[] = [];
  const check = (resource: Shortage["resource"], available: number, threshold: number): void => {
    if (available < threshold) found.push({ resource, available, threshold });
  };
  check("memory", usage.memoryAvailableBytes, MEMORY_EVICTION_THRESHOLD_BYTES);
  check("ephemeral-storage", usage.fsAvailableBytes, usage.fsCapacityBytes * FS_AVAILABLE_MIN);
  // Some file systems make inodes as they need them, and say that they have none.
  if (usage.fsInodes > 0) check("inodes", usage.fsInodesFree, usage.fsInodes * FS_INODES_MIN);
  return found;
}

/** A Pod that could be evicted, and how much it uses of what is short. */
export interface EvictionCandidate {
  readonly pod: Pod;
  readonly used: number;
}

/**
 * In which order Pods are evicted: those that use more than they asked for before the others, lower priorities first,
 * then those that are the furthest above their request. Critical Pods are never among them.
 */
export function rankForEviction(candidates: readonly EvictionCandidate[], resource: Shortage["resource"]): EvictionCandidate[] {
  const requestOf = (pod: Pod): number => (resource === "inodes" ? 0 : podAmount(pod, "requests", (list) => wholeUnits(list, resource)));
  const over = ({ pod, used }: EvictionCandidate): number => used - requestOf(pod);
  return candidates
    .filter(({ pod }) => !isCritical(pod))
    .sort(
      (a, b) =>
        Number(over(b) > 0) - Number(over(a) > 0) ||
        (a.pod.spec?.priority ?? 0) - (b.pod.spec?.priority ?? 0) ||
        over(b) - over(a) ||
        (parseTime(b.pod.status?.startTime) ?? 0) - (parseTime(a.pod.status?.startTime) ?? 0),
    );
}

/** What an {@link EvictionManager} works with. */
interface EvictionParts {
  readonly clock: Clock;
  readonly usage: () => Promise<MachineUsage>;
  /** What active Pods use of a resource. */
  readonly candidates: (resource: Shortage["resource"]) => Promise<readonly EvictionCandidate[]>;
  /** Pods that use more than they may, each with the reason in words: they go whatever the node has left. */
  readonly offenders: () => Promise<readonly { readonly pod: Pod; readonly message: string }[]>;
  readonly evict: (pod: Pod, reason: string, message: string) => void;
  /** Frees what can be freed without harm; true when something was. */
  readonly reclaim: (resource: Shortage["resource"]) => Promise<boolean>;
  /** The conditions of the node have changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** Keeps the node from running out of memory and disk: first by cleaning up, then by ending Pods, one at a time. */
export class EvictionManager {
  readonly #parts: EvictionParts;
  readonly #stop = new AbortController();
  readonly #lastSeenMs = new Map<keyof NodePressure, number>();
  #pressure: NodePressure = { memory: false, disk: false, pids: false };

  constructor(parts: EvictionParts) {
    this.#parts = parts;
  }

  get pressure(): NodePressure {
    return this.#pressure;
  }

  start(): void {
    // The loop handles its own failures and ends with the signal.
    void this.#loop();
  }

  stop(): void {
    this.#stop.abort(new Error("the kubelet was stopped"));
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.check().catch(this.#parts.onError);
      await sleep(this.#parts.clock, MONITOR_MS, signal).catch(() => {});
    }
  }

  /** Looks at the node once and acts on what it sees. */
  async check(): Promise<void> {
    for (const { pod, message } of await this.#parts.offenders()) this.#parts.evict(pod, "Evicted", message);
    const [worst, ...others] = shortages(await this.#parts.usage());
    this.#updatePressure(worst === undefined ? [] : [worst, ...others]);
    if (worst === undefined || (await this.#parts.reclaim(worst.resource))) return;
    const [victim] = rankForEviction(await this.#parts.candidates(worst.resource), worst.resource);
    if (victim !== undefined) this.#parts.evict(victim.pod, "Evicted", messageFor(worst));
  }

  #updatePressure(found: readonly Shortage[]): void {
    const now = this.#parts.clock.monotonic();
    for (const { resource } of found) this.#lastSeenMs.set(resource === "memory" ? "memory" : "disk", now);
    const held = (kind: keyof NodePressure): boolean => now - (this.#lastSeenMs.get(kind) ?? Number.NEGATIVE_INFINITY) < TRANSITION_MS;
    const next: NodePressure = { memory: held("memory"), disk: held("disk"), pids: false };
    const changed = next.memory !== this.#pressure.memory || next.disk !== this.#pressure.disk;
    this.#pressure = next;
    if (changed) this.#parts.onChange();
  }
}

function messageFor({ resource, available, threshold }: Shortage): string {
  const shown = (amount: number): string => (resource === "inodes" ? String(Math.floor(amount)) : `${Math.floor(amount / 1024)}Ki`);
  return `The node was low on resource: ${resource}. Threshold quantity: ${shown(threshold)}, available: ${shown(available)}. `;
}
