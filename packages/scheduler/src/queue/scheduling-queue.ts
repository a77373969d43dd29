import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { Framework } from "../framework/framework.ts";
import type { QueueEntry } from "../framework/plugin.ts";
import type { PodInfo } from "../state/pod-info.ts";
import { Heap } from "./heap.ts";

/** The first wait of a Pod that could not be scheduled; each attempt doubles it. */
const INITIAL_BACK_OFF_MS = 1000;
const MAX_BACK_OFF_MS = 10_000;
/** A Pod that no event has moved is tried again after this, in case an event was misjudged. */
export const UNSCHEDULABLE_LIMIT_MS = 5 * 60_000;

/** A Pod that waits to be scheduled. */
export interface QueuedPod extends QueueEntry {
  info: PodInfo;
  queuedMs: number;
  readonly framework: Framework;
  /** How often it was tried. */
  attempts: number;
  /** The plug-ins that refused it last time; empty when there were no nodes, or an error. */
  rejectedBy: ReadonlySet<string>;
}

type Place = "active" | "backoff" | "unschedulable" | "gated" | "in-flight";

interface Entry extends QueuedPod {
  place: Place;
  /** When its wait is over, or when it became unschedulable; monotonic. */
  atMs: number;
  /** The last attempt failed with an error and not by a refusal: then even an idle scheduler waits. */
  failed: boolean;
}

/**
 * Holds every Pod that has no node: those that are tried next, those that wait out a pause, those that wait until
 * something changes, and those that are gated.
 *
 * It grows with the Pods that the API server admitted and has no limit of its own: a Pod that was dropped here would never run.
 */
export class SchedulingQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #active: Heap<Entry>;
  readonly #backoff = new Heap<Entry>((a, b) => a.atMs - b.atMs);
  /** Unschedulable Pods by the plug-ins that refused them; those that no plug-in refused stand under the empty name. */
  readonly #byPlugin = new Map<string, Set<Entry>>();
  readonly #unschedulable = new Set<Entry>();

  constructor(compare: (a: QueueEntry, b: QueueEntry) => number) {
    this.#active = new Heap<Entry>(compare);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(uid: string): QueuedPod | undefined {
    return this.#entries.get(uid);
  }

  has(uid: string): boolean {
    return this.#entries.has(uid);
  }

  /** A new Pod, or a new version of one that waits. */
  set(info: PodInfo, framework: Framework, nowMs: number): void {
    const known = this.#entries.get(info.uid);
    if (known === undefined) {
      const entry: Entry = {
        info,
        framework,
        attempts: 0,
        rejectedBy: new Set(),
        place: "gated",
        queuedMs: nowMs,
        atMs: nowMs,
        failed: false,
      };
      this.#entries.set(info.uid, entry);
      this.#activate(entry, nowMs);
      return;
    }
    const before = known.info;
    known.info = info;
    if (known.place === "gated") this.#activate(known, nowMs);
    else if (known.place === "unschedulable" && mayFitNow(before, info)) this.#retry(known, nowMs);
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#entries.delete(uid);
    this.#leaveUnschedulable(entry);
  }

  /**
   * The Pod to try next; it stays known as in flight until it comes back or is removed. When nobody else waits, a Pod
   * whose pause is not over may go at once: the pause is there to keep it from being in the way of others.
   */
  pop(nowMs: number): QueuedPod | undefined {
    this.#moveDue(nowMs);
    const entry = this.#popLive(this.#active, "active") ?? this.#popIdle();
    if (entry === undefined) return undefined;
    entry.place = "in-flight";
    entry.attempts++;
    return entry;
  }

  /** No node was found: the Pod waits until something changes that the plug-ins which refused it care about. */
  addUnschedulable(uid: string, rejectedBy: ReadonlySet<string>, nowMs: number): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.place = "unschedulable";
    entry.rejectedBy = rejectedBy;
    entry.failed = false;
    entry.atMs = nowMs;
    entry.queuedMs = nowMs;
    this.#unschedulable.add(entry);
    for (const plugin of rejectedBy.size === 0 ? [""] : rejectedBy) {
      const known = this.#byPlugin.get(plugin);
      if (known === undefined) this.#byPlugin.set(plugin, new Set([entry]));
      else known.add(entry);
    }
  }

  /** Something went wrong: the Pod is tried again after its pause. */
  addFailed(uid: string, nowMs: number): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.rejectedBy = new Set();
    entry.failed = true;
    entry.queuedMs = nowMs;
    entry.atMs = nowMs + backOffMs(entry.attempts);
    entry.place = "backoff";
    this.#backoff.push(entry);
  }

  /** Brings back the Pods that `event` may help. */
  onEvent(event: ClusterEvent, nowMs: number): void {
    if (this.#unschedulable.size === 0) return;
    for (const entry of this.#byPlugin.get("") ?? []) this.#retry(entry, nowMs);
    for (const [plugin, entries] of this.#byPlugin) {
      for (const entry of entries) {
        if (entry.framework.plugin(plugin)?.isRelievedBy?.(event, entry.info)) this.#retry(entry, nowMs);
      }
    }
  }

  /** When, monotonic, something here becomes due by itself; `undefined` when nothing does. */
  nextDueMs(): number | undefined {
    this.#dropStale(this.#backoff, "backoff");
    let next = this.#backoff.peek()?.atMs;
    // The set is in order of insertion, and so of time.
    for (const { atMs } of this.#unschedulable) {
      next = Math.min(next ?? Number.POSITIVE_INFINITY, atMs + UNSCHEDULABLE_LIMIT_MS);
      break;
    }
    return next;
  }

  #moveDue(nowMs: number): void {
    for (;;) {
      this.#dropStale(this.#backoff, "backoff");
      const first = this.#backoff.peek();
      if (first === undefined || first.atMs > nowMs) break;
      this.#backoff.pop();
      this.#activate(first, nowMs);
    }
    for (const entry of this.#unschedulable) {
      if (entry.atMs + UNSCHEDULABLE_LIMIT_MS > nowMs) break;
      this.#retry(entry, nowMs);
    }
  }

  #popIdle(): Entry | undefined {
    this.#dropStale(this.#backoff, "backoff");
    return this.#backoff.peek()?.failed ? undefined : this.#backoff.pop();
  }

  #activate(entry: Entry, nowMs: number): void {
    const { info, framework } = entry;
    const gated = framework.preEnqueue.some((plugin) => plugin.preEnqueue(info.pod) !== undefined);
    entry.place = gated ? "gated" : "active";
    if (gated) return;
    entry.queuedMs = nowMs;
    this.#active.push(entry);
  }

  #retry(entry: Entry, nowMs: number): void {
    this.#leaveUnschedulable(entry);
    const dueMs = entry.atMs + backOffMs(entry.attempts);
    if (dueMs <= nowMs) return this.#activate(entry, nowMs);
    entry.place = "backoff";
    entry.atMs = dueMs;
    this.#backoff.push(entry);
  }

  #leaveUnschedulable(entry: Entry): void {
    if (!this.#unschedulable.delete(entry)) return;
    for (const plugin of entry.rejectedBy.size === 0 ? [""] : entry.rejectedBy) {
      const entries = this.#byPlugin.get(plugin);
      entries?.delete(entry);
      if (entries?.size === 0) this.#byPlugin.delete(plugin);
    }
  }

  #popLive(heap: Heap<Entry>, place: Place): Entry | undefined {
    this.#dropStale(heap, place);
    return heap.pop();
  }

  /** Heaps keep what was moved or removed until it surfaces. */
  #dropStale(heap: Heap<Entry>, place: Place): void {
    for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
      if (first.place === place && this.#entries.get(first.info.uid) === first) return;
      heap.pop();
    }
  }
}

/** The pause after so many attempts. */
export function backOffMs(attempts: number): number {
  return Math.min(INITIAL_BACK_OFF_MS * 2 ** Math.max(0, attempts - 1), MAX_BACK_OFF_MS);
}

/** Whether a change of the Pod itself may let it be scheduled: anything but its status. */
function mayFitNow({ pod: before }: PodInfo, { pod: after }: PodInfo): boolean {
  const old = before.metadata ?? {};
  const now = after.metadata ?? {};
  return (
    old.generation !== now.generation ||
    JSON.stringify(before.spec) !== JSON.stringify(after.spec) ||
    JSON.stringify(old.labels) !== JSON.stringify(now.labels)
  );
}
