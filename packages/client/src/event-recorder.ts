import { BoundedQueue, fnv1a32, formatTime, messageOf, QueueFullError, sleep, type Host } from "@skiff/base";
import { eventKind, isStatus, type Event, type KubeObject, type Resource } from "@skiff/api";
import type { Client } from "./client.ts";
import { EventCorrelator, type Correlated } from "./event-correlator.ts";
import { referenceTo } from "./object-reference.ts";

/** Events that wait to be written; past it new ones are dropped: they are hints for people, never needed for progress. */
const QUEUE_LIMIT = 1000;
const MAX_ATTEMPTS = 12;
const RETRY_MS = 10_000;
/** So many names are there for the events about an object in one millisecond. */
const SEQUENCE_LIMIT = 1_000_000;

/** Whether an event reports something usual. */
export type EventType = "Normal" | "Warning";

/**
 * Writes `v1` Events about objects, in the background, as client-go does: equal ones raise `count`, similar ones are
 * joined, floods are dropped.
 *
 * Guarantees: never throws and never blocks its caller; events are written in the order in which they came.
 */
export class EventRecorder {
  readonly #client: Client;
  readonly #host: Host;
  readonly #component: string;
  readonly #node: string | undefined;
  readonly #correlator = new EventCorrelator();
  readonly #queue = new BoundedQueue<Event>(QUEUE_LIMIT);
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;
  #sequence: number;

  /** `component` is the `source.component`, such as `replicaset-controller`; `node` the `source.host` of a kubelet. */
  constructor(client: Client, host: Host, component: string, node?: string) {
    this.#client = client;
    this.#host = host;
    this.#component = component;
    this.#node = node;
    // Recorders that report about one object in the same millisecond must not come to the same name.
    this.#sequence = fnv1a32(`${component} ${node ?? ""}`) % SEQUENCE_LIMIT;
  }

  /** Reports `message` about `object`. `fieldPath` narrows it down, for example to `spec.containers{web}`. */
  event<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    type: EventType,
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    if (this.#stop.signal.aborted) return;
    const nowMs = this.#host.clock.now();
    const involvedObject = referenceTo(resource, object, fieldPath);
    const time = formatTime(nowMs);
    // The name as client-go makes it: unique per object by time; the sequence tells apart those of one millisecond.
    const suffix = (BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.#sequence++ % SEQUENCE_LIMIT)).toString(16);
    const event: Event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${involvedObject.name}.${suffix}`, namespace: involvedObject.namespace ?? "default" },
      involvedObject,
      reason,
      message,
      source: { component: this.#component, ...(this.#node ? { host: this.#node } : {}) },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      reportingComponent: this.#component,
      reportingInstance: this.#node ?? "",
    };
    try {
      this.#queue.push(event);
    } catch (error) {
      if (!(error instanceof QueueFullError)) throw error;
      this.#host.log.warn("an event was dropped: too many wait to be written", { reason, message });
      return;
    }
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything reported so far was written or given up. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Takes no more events and gives up those that wait for another attempt. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the recorder was stopped"));
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) await this.#writeOne(event);
    this.#writing = undefined;
  }

  async #writeOne(event: Event): Promise<void> {
    // Once for each event, however often it is tried: every look at it counts.
    const correlated = this.#correlator.correlate(event, this.#host.clock.now());
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      try {
        await this.#store(event, correlated);
        return;
      } catch (error) {
        // An answer of the server will not change (the namespace is gone, say); only a lost connection is worth waiting for.
        if (isStatus(error) || attempt === MAX_ATTEMPTS) {
          this.#host.log.debug("an event was not stored", { reason: event.reason, error: messageOf(error) });
          return;
        }
      }
      await sleep(this.#host.clock, this.#host.random.next() * RETRY_MS, this.#stop.signal).catch(() => {});
    }
  }

  async #store(event: Event, correlated: Correlated): Promise<void> {
    if (correlated.action === "drop") return;
    const events = this.#client.resource(eventKind);
    if (correlated.action === "patch") {
      const { count, firstTimestamp, lastTimestamp, message } = correlated.event;
      const ref = { namespace: event.metadata.namespace, name: correlated.name };
      try {
        const stored = await events.patch(ref, { count, firstTimestamp, lastTimestamp, message }, { type: "merge" });
        this.#correlator.stored(stored);
        return;
      } catch (error) {
        // Events live for an hour; when the stored one is gone, a new one takes its place.
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    this.#correlator.stored(await events.create({ ...correlated.event, metadata: event.metadata }));
  }
}
