import { componentHost, messageOf, type Host, type Timer } from "@skiff/base";
import type { EndpointSlice, Service } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { healthAnswer, healthChecks, type HealthAnswer, type HealthCheck } from "./health-check.ts";

/** The sockets that health checks need. */
export interface HealthSockets {
  /** Serves HTTP on a port of all addresses; `answer` is asked for each request. Answers how to stop. Errors: rejects when the port is taken; `onError` is told of later failures. */
  serve(port: number, answer: () => HealthAnswer, onError: (error: Error) => void): Promise<() => Promise<void>>;
}

/** What a {@link HealthCheckServer} works on. The informers are started by the caller. */
interface HealthCheckServerOptions {
  readonly host: Host;
  readonly nodeName: string;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
  readonly sockets: HealthSockets;
}

const GATHER_MS = 20;
/** How often a port that is taken is tried again. */
const RETRY_MS = 10_000;

/** Answers on the `healthCheckNodePort` of every Service that has one. A port that is taken is logged and tried again later. */
export class HealthCheckServer {
  readonly #options: HealthCheckServerOptions;
  readonly #host: Host;
  readonly #open = new Map<number, () => Promise<void>>();
  readonly #unsubscribe: (() => void)[] = [];
  #checks: ReadonlyMap<number, HealthCheck> = new Map();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #dirty = false;
  #stopped = false;

  constructor(options: HealthCheckServerOptions) {
    this.#options = options;
    this.#host = componentHost(options.host, "health-checks");
  }

  /** Begins to follow the Services; ports open soon after. */
  start(): void {
    const { services, endpointSlices } = this.#options;
    const changed = (): void => this.#gather(GATHER_MS);
    this.#unsubscribe.push(services.onChange(changed), endpointSlices.onChange(changed));
  }

  /** Closes every port. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timer?.cancel();
    await this.#running;
    await Promise.all(Array.from(this.#open.values(), (close) => close()));
  }

  #gather(delayMs: number): void {
    this.#dirty = true;
    if (this.#stopped || this.#running !== undefined) return;
    this.#timer?.cancel();
    this.#timer = this.#host.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#dirty = false;
      this.#running = this.#sync().then((isComplete) => {
        this.#running = undefined;
        if (this.#dirty) this.#gather(GATHER_MS);
        else if (!isComplete) this.#gather(RETRY_MS);
      });
    }, delayMs);
  }

  /** Opens and closes ports. Answers whether all that should be open are. */
  async #sync(): Promise<boolean> {
    const { services, endpointSlices, nodeName } = this.#options;
    this.#checks = healthChecks(services.list(), endpointSlices.list(), nodeName);
    let isComplete = true;
    for (const [port, close] of this.#open) {
      if (this.#checks.has(port)) continue;
      this.#open.delete(port);
      await close();
    }
    for (const port of this.#checks.keys()) {
      if (!this.#open.has(port) && !(await this.#serve(port))) isComplete = false;
    }
    return isComplete;
  }

  async #serve(port: number): Promise<boolean> {
    const onError = (error: Error): void => this.#host.log.warn("a port for health checks failed", { port, error: messageOf(error) });
    try {
      this.#open.set(port, await this.#options.sockets.serve(port, () => this.#answer(port), onError));
      return true;
    } catch (error) {
      this.#host.log.warn("a port for health checks could not be opened; trying again", { port, error: messageOf(error) });
      return false;
    }
  }

  #answer(port: number): HealthAnswer {
    const check = this.#checks.get(port) ?? { port, namespace: "", name: "", localEndpoints: 0 };
    return healthAnswer(check);
  }
}
