import { Worker } from "node:worker_threads";
import type { EngineFiles, Timing } from "./engine.ts";
import type { Face } from "./matching.ts";

/** What a worker is asked. */
export interface EngineQuestion {
  readonly id: number;
  readonly file: string;
}

/** What it answers. */
export type EngineAnswer =
  | { readonly id: number; readonly faces: readonly Face[]; readonly timing: Timing }
  | { readonly id: number; readonly error: string; readonly kind: "broken" | "other" };

/** The picture cannot be read as one. */
export class BrokenPicture extends Error {}

/** Too many pictures wait. */
export class Overloaded extends Error {}

/** What a pool consists of. */
export interface EnginePoolOptions {
  /** The program of the threads. */
  readonly program: string;
  readonly files: EngineFiles;
  readonly workers: number;
  /** Pictures that may wait; more are refused. */
  readonly queueLimit: number;
  /** Told of each picture that was looked at. */
  readonly measured?: (timing: Timing) => void;
}

interface Job {
  readonly file: string;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (faces: readonly Face[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Threads that look for faces, so that calls and health checks are answered while pictures are computed. A thread has one
 * picture at a time, and each answer bears its question's number: answers are never mixed up. A thread that dies fails its
 * picture and is replaced.
 */
export class EnginePool {
  readonly #options: EnginePoolOptions;
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<EngineThread>();
  #closed = false;

  private constructor(options: EnginePoolOptions) {
    this.#options = options;
  }

  /** Resolves when all threads have their networks. Errors: rejects when one cannot load them. */
  static async start(options: EnginePoolOptions): Promise<EnginePool> {
    const pool = new EnginePool(options);
    await Promise.all(Array.from({ length: options.workers }, () => pool.#addThread()));
    return pool;
  }

  /** Pictures that wait. */
  get queued(): number {
    return this.#waiting.length;
  }

  /**
   * The faces in the picture in `file`. A picture whose turn has not come when `signal` is aborted is not looked at.
   *
   * Errors: rejects with {@link BrokenPicture}, {@link Overloaded}, or any other error when the thread failed.
   */
  describe(file: string, signal?: AbortSignal): Promise<readonly Face[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("the service is stopping");
      if (this.#waiting.length >= this.#options.queueLimit) throw new Overloaded(`${this.#waiting.length} pictures wait already`);
      this.#waiting.push({ file, signal, resolve, reject });
      this.#work();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.reject(new Error("the service is stopping"));
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  async #addThread(): Promise<void> {
    const { program, files } = this.#options;
    const thread = new EngineThread(new Worker(program, { workerData: files }), () => {
      this.#threads.delete(thread);
      // One that can never start must end the service instead of being started forever.
      if (!this.#closed && thread.started) void this.#addThread();
    });
    await thread.ready;
    this.#threads.add(thread);
    this.#work();
  }

  #work(): void {
    for (const thread of this.#threads) {
      if (thread.busy) continue;
      let job = this.#waiting.shift();
      while (job?.signal?.aborted === true) {
        job.reject(new Error("nobody waits for the answer any more"));
        job = this.#waiting.shift();
      }
      if (job === undefined) return;
      void this.#run(thread, job);
    }
  }

  async #run(thread: EngineThread, job: Job): Promise<void> {
    try {
      const answer = await thread.ask(job.file);
      if ("faces" in answer) {
        this.#options.measured?.(answer.timing);
        job.resolve(answer.faces);
      } else job.reject(answer.kind === "broken" ? new BrokenPicture(answer.error) : new Error(answer.error));
    } catch (error) {
      job.reject(error instanceof Error ? error : new Error(String(error)));
    }
    this.#work();
  }
}

/** One thread and the picture that it has. */
class EngineThread {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  #question: { readonly id: number; readonly resolve: (answer: EngineAnswer) => void; readonly reject: (error: Error) => void } | undefined;
  #asked = 0;
  started = false;

  constructor(worker: Worker, ended: () => void) {
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      let reason = new Error("the thread has ended");
      worker.on("message", (message: "ready" | EngineAnswer) => {
        if (message === "ready") {
          this.started = true;
          resolve();
        } else if (message.id === this.#question?.id) {
          const { resolve } = this.#question;
          this.#question = undefined;
          resolve(message);
        }
      });
      worker.on("error", (error) => (reason = error instanceof Error ? error : new Error(String(error))));
      worker.once("exit", () => {
        ended();
        reject(reason);
        this.#question?.reject(reason);
      });
    });
  }

  get busy(): boolean {
    return this.#question !== undefined;
  }

  ask(file: string): Promise<EngineAnswer> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#question = { id, resolve, reject };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      this.#worker.postMessage({ id, file } satisfies EngineQuestion);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
