import type { Log } from "./log.ts";
import type { Consumer, DeliveryHandler, Disposition, Publisher } from "./queue.ts";

/** Messages that the queue holds; more are refused, and their images stay pending until they are redeemed. */
const CAPACITY = 10_000;

/** A queue inside one process with the manners of NSQ, for development and tests. */
export class MemoryQueue implements Publisher {
  readonly #waiting = new Map<string, { body: string; attempts: number }[]>();
  readonly #consumers = new Map<string, MemoryConsumer>();

  async publish(topic: string, body: string): Promise<void> {
    this.#put(topic, { body, attempts: 0 });
  }

  /** The messages of one topic go to one handler. */
  consume(topic: string, maxInFlight: number, log: Log, handle: DeliveryHandler): Consumer {
    const waiting = this.#waiting.get(topic) ?? [];
    this.#waiting.set(topic, waiting);
    const consumer = new MemoryConsumer(waiting, maxInFlight, log, handle, (message) => this.#put(topic, message));
    this.#consumers.set(topic, consumer);
    consumer.resume();
    return consumer;
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers.values()) await consumer.close();
  }

  #put(topic: string, message: { body: string; attempts: number }): void {
    const waiting = this.#waiting.get(topic) ?? [];
    if (waiting.length >= CAPACITY) throw new Error("the queue is full");
    this.#waiting.set(topic, waiting);
    waiting.push(message);
    this.#consumers.get(topic)?.work();
  }
}

class MemoryConsumer implements Consumer {
  readonly #waiting: { body: string; attempts: number }[];
  readonly #maxInFlight: number;
  readonly #log: Log;
  readonly #handler: DeliveryHandler;
  readonly #putBack: (message: { body: string; attempts: number }) => void;
  readonly #handling = new Set<Promise<void>>();
  #paused = true;

  constructor(
    waiting: { body: string; attempts: number }[],
    maxInFlight: number,
    log: Log,
    handler: DeliveryHandler,
    putBack: (message: { body: string; attempts: number }) => void,
  ) {
    this.#waiting = waiting;
    this.#maxInFlight = maxInFlight;
    this.#log = log;
    this.#handler = handler;
    this.#putBack = putBack;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.work();
  }

  async close(): Promise<void> {
    this.pause();
    await Promise.all(this.#handling);
  }

  /** Hands out what may be handled now. */
  work(): void {
    while (!this.#paused && this.#handling.size < this.#maxInFlight) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      const handling = this.#handle(message).finally(() => {
        this.#handling.delete(handling);
        this.work();
      });
      this.#handling.add(handling);
    }
  }

  async #handle({ body, attempts }: { body: string; attempts: number }): Promise<void> {
    const disposition = await this.#handler({ body, attempts: attempts + 1 }).catch((error: unknown): Disposition => {
      this.#log.error({ err: error, body }, "a message could not be handled");
      return { requeueAfterMs: 1000 };
    });
    if (disposition !== "done") setTimeout(() => this.#putBack({ body, attempts: attempts + 1 }), disposition.requeueAfterMs);
  }
}
