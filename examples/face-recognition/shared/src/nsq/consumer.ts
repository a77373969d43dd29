import { hostname } from "node:os";
import type { Log } from "../log.ts";
import type { Consumer, DeliveryHandler, Disposition } from "../queue.ts";
import { NsqConnection } from "./connection.ts";
import { command, type Frame } from "./frames.ts";
import { lookupTopic, type NsqdAddress } from "./lookup.ts";

/** What a consumer consumes, and how. */
interface NsqConsumerOptions {
  readonly topic: string;
  readonly channel: string;
  /** `host:port` of nsqlookupd's HTTP. */
  readonly lookupAddress: string;
  /** Messages that are handled at one time; at least one for each nsqd all the same. */
  readonly maxInFlight: number;
  readonly log: Log;
  readonly handle: DeliveryHandler;
  /** How often nsqlookupd is asked; default 3 s. */
  readonly lookupIntervalMs?: number;
}

/** What a message whose handler failed waits before it comes again. */
const FAILED_REQUEUE_MS = 1_000;

/** Consumes a topic from every nsqd that has it, as nsqlookupd says, and connects again to those that it lost. */
export class NsqConsumer implements Consumer {
  readonly #options: NsqConsumerOptions;
  readonly #connections = new Map<string, NsqConnection | undefined>();
  readonly #handling = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  #closed = false;
  #lookupProblem: string | undefined = "nsqlookupd was not asked yet";

  constructor(options: NsqConsumerOptions) {
    this.#options = options;
    this.#poll();
  }

  /** How many nsqd it is connected to. */
  get connections(): number {
    return [...this.#connections.values()].filter((connection) => connection !== undefined).length;
  }

  /** Messages that are being handled. */
  get inFlight(): number {
    return this.#handling.size;
  }

  /** Why nsqlookupd could not be asked the last time, or nothing. */
  get problem(): string | undefined {
    return this.#lookupProblem;
  }

  pause(): void {
    this.#paused = true;
    this.#distribute();
  }

  resume(): void {
    this.#paused = false;
    this.#distribute();
  }

  async close(): Promise<void> {
    this.pause();
    this.#closed = true;
    clearTimeout(this.#timer);
    while (this.#handling.size > 0) await Promise.all(this.#handling);
    await Promise.all([...this.#connections.values()].map(async (connection) => connection?.end()));
  }

  #poll(): void {
    void this.#refresh().finally(() => {
      if (!this.#closed) this.#timer = setTimeout(() => this.#poll(), this.#options.lookupIntervalMs ?? 3000);
    });
  }

  async #refresh(): Promise<void> {
    const { topic, channel, lookupAddress, log } = this.#options;
    try {
      log.debug(`[${topic}/${channel}] querying nsqlookupd http://${lookupAddress}/lookup?topic=${topic}`);
      const found = await lookupTopic(lookupAddress, topic);
      if (this.#lookupProblem !== undefined) log.info({ nsqd: found.length }, `[${topic}/${channel}] nsqlookupd answers`);
      this.#lookupProblem = undefined;
      await Promise.all(found.map((address) => this.#connect(address)));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (this.#lookupProblem !== message) log.warn({ err: error, lookupAddress }, "nsqlookupd cannot be asked");
      this.#lookupProblem = message;
    }
  }

  async #connect({ host, port }: NsqdAddress): Promise<void> {
    const key = `${host}:${port}`;
    if (this.#connections.has(key) || this.#closed) return;
    this.#connections.set(key, undefined);
    const { topic, channel, log } = this.#options;
    try {
      const connection = await NsqConnection.open(host, port, hostname(), {
        frame: (frame) => this.#received(key, frame),
        closed: (reason) => {
          this.#connections.delete(key);
          if (!this.#closed) log.warn({ nsqd: key, reason }, "lost nsqd");
          this.#distribute();
        },
      });
      this.#connections.set(key, connection);
      connection.send(command("SUB", topic, channel));
      log.info({ nsqd: key }, "consuming");
      this.#distribute();
    } catch (error) {
      this.#connections.delete(key);
      log.warn({ err: error, nsqd: key }, "cannot reach nsqd");
    }
  }

  /** Says to each nsqd how many messages it may have out at one time. */
  #distribute(): void {
    const share = Math.max(1, Math.floor(this.#options.maxInFlight / Math.max(1, this.connections)));
    for (const connection of this.#connections.values()) connection?.send(command("RDY", this.#paused || this.#closed ? 0 : share));
  }

  #received(key: string, frame: Frame): void {
    if (frame.type === "response") return;
    if (frame.type === "error") {
      // After the errors that matter nsqd closes the connection, which is then opened anew.
      this.#options.log.warn({ nsqd: key, error: frame.text }, "nsqd reports an error");
      return;
    }
    const handling = this.#handle(key, frame).finally(() => this.#handling.delete(handling));
    this.#handling.add(handling);
  }

  async #handle(key: string, { id, body, attempts }: Extract<Frame, { type: "message" }>): Promise<void> {
    const disposition = await this.#options.handle({ body, attempts }).catch((error: unknown): Disposition => {
      this.#options.log.error({ err: error, body }, "a message could not be handled");
      return { requeueAfterMs: FAILED_REQUEUE_MS };
    });
    // When the connection is gone nsqd has the message come again by itself.
    this.#connections.get(key)?.send(disposition === "done" ? command("FIN", id) : command("REQ", id, disposition.requeueAfterMs));
  }
}
