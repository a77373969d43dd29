import { hostname } from "node:os";
import type { Publisher } from "../queue.ts";
import { NsqConnection } from "./connection.ts";
import { commandWithBody, type Frame } from "./frames.ts";

/** How long nsqd may take to confirm a message. */
const CONFIRM_TIMEOUT_MS = 3_000;

/** Messages that wait for their confirmation; more are refused at once. */
const UNCONFIRMED_MAX = 5_000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Publishes to one nsqd over a connection that is opened when it is needed and again after it broke. nsqd confirms
 * messages in the order in which they came; an error or silence breaks the connection, and with it all that waits.
 */
export class NsqPublisher implements Publisher {
  readonly #host: string;
  readonly #port: number;
  #connection: Promise<NsqConnection> | undefined;
  #waiting: Waiting[] = [];

  /** `address`: `host:port`. */
  constructor(address: string) {
    const { hostname: host, port } = new URL(`nsq://${address}`);
    this.#host = host;
    this.#port = Number(port || 4150);
  }

  async publish(topic: string, body: string): Promise<void> {
    if (this.#waiting.length >= UNCONFIRMED_MAX) throw new Error(`${UNCONFIRMED_MAX} messages wait for nsqd`);
    const connection = await this.#open();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.#broken(connection, "nsqd did not confirm a message in time"), CONFIRM_TIMEOUT_MS);
      this.#waiting.push({
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      connection.send(commandWithBody(["PUB", topic], body));
    });
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    this.#connection = undefined;
    connection?.close();
  }

  /** Rejects when nsqd cannot be reached. */
  async check(): Promise<void> {
    await this.#open();
  }

  #open(): Promise<NsqConnection> {
    if (this.#connection !== undefined) return this.#connection;
    const opening: Promise<NsqConnection> = NsqConnection.open(this.#host, this.#port, hostname(), {
      frame: (frame) => void opening.then((connection) => this.#received(connection, frame)),
      closed: (reason) => this.#lost(opening, reason),
    });
    this.#connection = opening;
    opening.catch(() => {
      if (this.#connection === opening) this.#connection = undefined;
    });
    return opening;
  }

  #received(connection: NsqConnection, frame: Frame): void {
    if (frame.type === "response") this.#waiting.shift()?.resolve();
    else this.#broken(connection, frame.type === "error" ? frame.text : "nsqd sent a message to a publisher");
  }

  #broken(connection: NsqConnection, reason: string): void {
    this.#failWaiting(reason);
    connection.close();
  }

  #lost(connection: Promise<NsqConnection>, reason: string): void {
    if (this.#connection === connection) this.#connection = undefined;
    this.#failWaiting(reason);
  }

  #failWaiting(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new Error(reason));
  }
}
