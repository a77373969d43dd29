import { formatTime } from "@skiff/base";
import type { Event } from "@skiff/api";

/** Similar events (all but the message equal) from this many on become one. client-go's numbers throughout. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;
/** Each object of a source may have so many events at once, and then one more every five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Entries that were used least recently are forgotten first; a forgotten one starts counting anew. */
const CACHE_SIZE = 4096;

/** What to do with an event: create it, raise the count of one that is stored, or drop it. */
export type Correlated =
  | { readonly action: "create"; readonly event: Event }
  | { readonly action: "patch"; readonly event: Event; readonly name: string }
  | { readonly action: "drop" };

interface Seen {
  readonly name: string;
  readonly firstTimestamp: string;
  count: number;
}

/**
 * Keeps a flood of events small: a source that says too much about an object is silenced, similar events are joined, and
 * equal ones raise a count. Holds at most 4096 entries of each sort.
 */
export class EventCorrelator {
  readonly #buckets = new RecentMap<{ tokens: number; atMs: number }>(CACHE_SIZE);
  readonly #similar = new RecentMap<{ readonly messages: Set<string>; atMs: number }>(CACHE_SIZE);
  readonly #seen = new RecentMap<Seen>(CACHE_SIZE);

  correlate(event: Event, nowMs: number): Correlated {
    const object = event.involvedObject;
    const source = [event.source?.component, event.source?.host, object.kind, object.namespace, object.name, object.uid, object.apiVersion];
    if (!this.#admit(JSON.stringify(source), nowMs)) return { action: "drop" };
    const joined = this.#join(event, JSON.stringify([...source, event.type, event.reason, event.reportingComponent]), nowMs);
    const key = JSON.stringify([...source, object.fieldPath, joined.event.type, joined.event.reason, joined.message]);
    const seen = this.#seen.get(key);
    if (seen === undefined) return { action: "create", event: joined.event };
    seen.count++;
    const counted = { ...joined.event, count: seen.count, firstTimestamp: seen.firstTimestamp, lastTimestamp: formatTime(nowMs) };
    return { action: "patch", event: { ...counted, metadata: { ...event.metadata, name: seen.name } }, name: seen.name };
  }

  /** The event was stored: later equal ones raise its count. */
  stored(event: Event): void {
    const object = event.involvedObject;
    const source = [event.source?.component, event.source?.host, object.kind, object.namespace, object.name, object.uid, object.apiVersion];
    const message = event.message?.startsWith(COMBINED) ? COMBINED : event.message;
    const key = JSON.stringify([...source, object.fieldPath, event.type, event.reason, message]);
    this.#seen.set(key, { name: event.metadata.name ?? "", firstTimestamp: event.firstTimestamp ?? "", count: event.count ?? 1 });
  }

  #admit(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, atMs: nowMs };
    bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.atMs) / REFILL_MS);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #join(event: Event, key: string, nowMs: number): { readonly event: Event; readonly message: string | undefined } {
    let similar = this.#similar.get(key);
    if (similar === undefined || nowMs - similar.atMs > SIMILAR_WINDOW_MS) similar = { messages: new Set(), atMs: nowMs };
    similar.atMs = nowMs;
    // Past the limit a further message says nothing new, so the set needs no more of them.
    if (similar.messages.size < SIMILAR_LIMIT) similar.messages.add(event.message ?? "");
    this.#similar.set(key, similar);
    if (similar.messages.size < SIMILAR_LIMIT) return { event, message: event.message };
    return { event: { ...event, message: `${COMBINED}${event.message ?? ""}` }, message: COMBINED };
  }
}

const COMBINED = "(combined from similar events): ";

/** A map that forgets what was not used for the longest time. */
class RecentMap<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
