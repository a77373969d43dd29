import { createServer, type Server } from "node:http";
import { collectDefaultMetrics, Registry } from "prom-client";
import { answerText, closeServer, listen } from "./http.ts";

/** Says why a service cannot work now, or nothing when it can. */
type ReadinessCheck = () => Promise<string | undefined>;

/**
 * The port of a service that is for the cluster and not for users: `/healthz` (the process works), `/readyz` (it can serve
 * now) and `/metrics` (Prometheus).
 */
export class AdminServer {
  readonly registry = new Registry();
  readonly #server: Server;
  readonly #checks: ReadinessCheck[] = [];
  #stopping = false;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#server = createServer((request, response) => {
      const path = (request.url ?? "/").split("?")[0];
      void this.#answer(path ?? "/").then(([status, text, type]) => answerText(response, status, text, type));
    });
  }

  /** The service is ready only while all checks say so. */
  addCheck(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  /** Answers the port. */
  start(port: number): Promise<number> {
    return listen(this.#server, port);
  }

  /** From now on the service is not ready, so that no new work is sent to it. */
  stopping(): void {
    this.#stopping = true;
  }

  close(): Promise<void> {
    return closeServer(this.#server, 1000);
  }

  async #answer(path: string): Promise<[status: number, text: string, type?: string]> {
    switch (path) {
      case "/healthz":
        return [200, "ok\n"];
      case "/readyz": {
        const problem = await this.#problem();
        return problem === undefined ? [200, "ok\n"] : [503, `${problem}\n`];
      }
      case "/metrics":
        return [200, await this.registry.metrics(), this.registry.contentType];
      default:
        return [404, "not found\n"];
    }
  }

  async #problem(): Promise<string | undefined> {
    if (this.#stopping) return "stopping";
    for (const check of this.#checks) {
      try {
        const problem = await check();
        if (problem !== undefined) return problem;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    }
    return undefined;
  }
}
