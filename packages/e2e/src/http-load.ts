import { Agent, request as httpRequest } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const WORKERS = 4;
const PAUSE_MS = 20;
const ANSWER_TIMEOUT_MS = 5_000;

/** What came of a {@link HttpLoad}. */
interface HttpLoadResult {
  readonly answered: number;
  /** What went wrong, one line for each request that was not answered with 200. */
  readonly failures: readonly string[];
}

/** What is asked, where it is more than the page at an address. */
interface HttpLoadOptions {
  /** Sent with POST. */
  readonly body?: string;
  /** Requests at one time; default 4. */
  readonly workers?: number;
  /** Between an answer and the next request; default 20 ms. */
  readonly pauseMs?: number;
}

/** Asks an address over and over, each time with a connection of its own, until it is stopped. */
export class HttpLoad {
  readonly #url: string;
  readonly #options: HttpLoadOptions;
  readonly #agent = new Agent({ keepAlive: false });
  readonly #workers: Promise<void>[];
  readonly #failures: string[] = [];
  #answered = 0;
  #stopped = false;

  constructor(url: string, options: HttpLoadOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.#workers = Array.from({ length: options.workers ?? WORKERS }, () => this.#work());
  }

  async stop(): Promise<HttpLoadResult> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    return { answered: this.#answered, failures: this.#failures };
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const problem = await this.#request();
      if (problem === undefined) this.#answered++;
      else this.#failures.push(problem);
      await delay(this.#options.pauseMs ?? PAUSE_MS);
    }
  }

  #request(): Promise<string | undefined> {
    const startedAt = new Date().toISOString();
    return new Promise((resolve) => {
      const { body } = this.#options;
      const method = body === undefined ? "GET" : "POST";
      const request = httpRequest(this.#url, { method, agent: this.#agent, timeout: ANSWER_TIMEOUT_MS }, (response) => {
        response.resume();
        response.once("error", (error) => resolve(`${startedAt} ${error.message}`));
        response.once("end", () => resolve(response.statusCode === 200 ? undefined : `${startedAt} status ${response.statusCode}`));
      });
      request.once("timeout", () => request.destroy(new Error("no answer in time")));
      request.once("error", (error) => resolve(`${startedAt} ${error.message}`));
      request.end(body);
    });
  }
}
