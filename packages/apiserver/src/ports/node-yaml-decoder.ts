import { Worker } from "node:worker_threads";
import { DecodeError, statusError, type Decoded } from "@skiff/api";
import type { Clock, Timer } from "@skiff/base";
import type { YamlAnswer, YamlQuestion } from "./node-yaml-worker.ts";
import type { YamlDecoder } from "./yaml-decoder.ts";

/** What a {@link WorkerYamlDecoder} is made of. */
export interface WorkerYamlDecoderOptions {
  readonly clock: Clock;
  /** The thread's program. Default: what the package's build makes of `node-yaml-worker.ts`, beside this module. */
  readonly program?: URL;
  /** More documents that wait are refused. Default 8. */
  readonly maxWaiting?: number;
  /** A document that takes longer is given up, and the thread with it. Default 30 s. */
  readonly timeoutMs?: number;
  /** A thread without work ends after this time, and gives its memory back. Default 30 s. */
  readonly idleMs?: number;
}

/** Memory of the thread, in MiB: a document of 3 MiB needs less than a fifth of it. */
const MAX_HEAP_MIB = 512;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: (decoded: Decoded) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads YAML in a thread of its own, one document at a time. The thread starts with the first document and ends when
 * there have been none for a while; whatever kills it costs the document that it was reading and nothing else.
 */
export class WorkerYamlDecoder implements YamlDecoder {
  readonly #options: WorkerYamlDecoderOptions;
  readonly #waiting: Waiting[] = [];
  #current: Waiting | undefined;
  #worker: Worker | undefined;
  #timer: Timer | undefined;

  constructor(options: WorkerYamlDecoderOptions) {
    this.#options = options;
  }

  decode(bytes: Uint8Array): Promise<Decoded> {
    const { maxWaiting = 8 } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      const message = "too many large YAML documents are being read, please try again later";
      return Promise.reject(statusError("TooManyRequests", message, { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#next();
    });
  }

  /** Ends the thread. Documents that wait for it are refused. */
  stop(): void {
    const open = [this.#current, ...this.#waiting.splice(0)];
    this.#end();
    for (const each of open) each?.reject(statusError("ServiceUnavailable", "the server is shutting down"));
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#waiting.shift();
    this.#timer?.cancel();
    const { clock, timeoutMs = 30_000, idleMs = 30_000 } = this.#options;
    if (this.#current === undefined) {
      this.#timer = clock.setTimeout(() => this.#end(), idleMs);
      return;
    }
    this.#timer = clock.setTimeout(() => this.#fail(`reading it took longer than ${timeoutMs / 1000} s`), timeoutMs);
    // A copy of its own, which can be handed over: bodies may be parts of larger buffers.
    const bytes = Uint8Array.from(this.#current.bytes);
    this.#thread().postMessage({ bytes } satisfies YamlQuestion, [bytes.buffer]);
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { program = new URL("./node-yaml-worker.js", import.meta.url) } = this.#options;
    const worker = new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB } });
    // Nobody waits for the thread at the end of the process.
    worker.unref();
    worker.on("message", (answer: YamlAnswer) => {
      // What a thread said before it was given up may arrive after, when another document is the present one.
      if (worker === this.#worker) this.#answered(answer);
    });
    worker.on("error", (error) => this.#lost(worker, error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => this.#lost(worker, "its reader ended"));
    this.#worker = worker;
    return worker;
  }

  #answered(answer: YamlAnswer): void {
    const current = this.#current;
    this.#current = undefined;
    this.#next();
    if ("decoded" in answer) current?.resolve(answer.decoded);
    else current?.reject(new DecodeError(answer.problem));
  }

  #lost(worker: Worker, why: string): void {
    if (worker === this.#worker) this.#fail(why);
  }

  /** Gives the present document up, and the thread with it. */
  #fail(why: string): void {
    const current = this.#current;
    this.#end();
    if (this.#waiting.length > 0) this.#next();
    current?.reject(new DecodeError(`error converting YAML to JSON: yaml: the document cannot be read: ${why}`));
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#current = undefined;
    this.#timer?.cancel();
    void worker?.terminate();
  }
}
