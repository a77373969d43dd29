import { setMaxListeners } from "node:events";
import { componentHost, InvariantError, messageOf, type Host } from "@skiff/base";
import { isStatus } from "@skiff/api";
import { WorkQueue } from "@skiff/client";
import type { ControllerMetrics, ReconcileResult } from "./controller-metrics.ts";
import { TerminalError, type Controller, type Outcome } from "./controller.ts";

const DEFAULT_CONCURRENCY = 5;
/** A key that looks at no more objects than this is never made to wait. */
const LIGHT_WEIGHT = 100;
/** How long a heavier key rests after a reconcile for each object that it looked at, in milliseconds, and at most. */
const REST_MS_PER_OBJECT = 0.1;
const LONGEST_REST_MS = 1000;

/** A controller under way. */
export interface RunningController {
  readonly name: string;
  /** Resolves when the caches are complete and the first reconciles may run. */
  readonly started: Promise<void>;
  /** Asks for a reconcile of `key`. */
  enqueue(key: string): void;
  /** Takes no more keys; resolves when the reconciles under way have ended. */
  stop(): Promise<void>;
}

/**
 * Runs a control loop until it is stopped: the one engine behind all controllers.
 *
 * Guarantees: a key is reconciled after each change of it that a source reports, never twice at the same time; a
 * failure concerns its own key only, is logged, and is tried again with back-off (5 ms, doubling up to 1000 s).
 */
export function runController<Observed, Plan>(
  controller: Controller<Observed, Plan>,
  host: Host,
  metrics: ControllerMetrics = {},
): RunningController {
  const run = new Run(controller, componentHost(host, controller.name), metrics);
  return { name: controller.name, started: run.start(), enqueue: (key) => run.enqueue(key), stop: () => run.stop() };
}

class Run<Observed, Plan> {
  readonly #controller: Controller<Observed, Plan>;
  readonly #host: Host;
  readonly #metrics: ControllerMetrics;
  readonly #queue: WorkQueue;
  readonly #stop = new AbortController();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #workers: Promise<void>[] = [];
  /** Until when a heavy key rests. Entries go when the rest is over, so there are never many. */
  readonly #resting = new Map<string, number>();

  constructor(controller: Controller<Observed, Plan>, host: Host, metrics: ControllerMetrics) {
    const { name } = controller;
    this.#controller = controller;
    this.#host = host;
    this.#metrics = metrics;
    this.#queue = new WorkQueue({
      clock: host.clock,
      metrics: {
        added: (depth) => metrics.queueDepth?.(name, depth),
        taken: (waitedMs, depth) => {
          metrics.queueDepth?.(name, depth);
          metrics.queueWait?.(name, waitedMs);
        },
        retried: () => metrics.retried?.(name),
      },
    });
  }

  enqueue(key: string, delayMs = 0): void {
    const untilMs = this.#resting.get(key);
    const restMs = untilMs === undefined ? 0 : untilMs - this.#host.clock.monotonic();
    if (untilMs !== undefined && restMs <= 0) this.#resting.delete(key);
    this.#queue.addAfter(key, Math.max(delayMs, restMs));
  }

  async start(): Promise<void> {
    const { sources, concurrency = DEFAULT_CONCURRENCY } = this.#controller;
    const { signal } = this.#stop;
    // One listener for each informer that is waited for; the garbage collector has one for every kind.
    setMaxListeners(0, signal);
    // Keys may arrive before the caches are complete; they wait in the queue until the workers start.
    for (const source of sources) this.#unsubscribe.push(source.start((key, delayMs) => this.enqueue(key, delayMs)));
    try {
      await Promise.all(sources.map((source) => source.synced(signal)));
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    for (let worker = 0; worker < concurrency; worker++) this.#workers.push(this.#work());
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("the controller was stopped"));
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#queue.stop();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const startedMs = this.#host.clock.monotonic();
      const result = await this.#reconcile(key);
      this.#metrics.reconciled?.(this.#controller.name, result, this.#host.clock.monotonic() - startedMs);
      this.#queue.done(key);
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult> {
    try {
      const observing = this.#controller.observe(key);
      const observed = observing instanceof Promise ? await observing : observing;
      let outcome: Outcome | void = undefined;
      if (observed !== undefined) {
        this.#letRest(key, this.#controller.weigh?.(observed) ?? 1);
        const plan = this.#controller.plan(observed, this.#host.clock.now());
        outcome = await this.#controller.perform(plan, observed, key);
      }
      this.#queue.forget(key);
      if (outcome?.requeueAfterMs === undefined) return "success";
      this.#queue.addAfter(key, outcome.requeueAfterMs);
      return "requeue";
    } catch (error) {
      return this.#failed(key, error);
    }
  }

  #letRest(key: string, weight: number): void {
    if (weight <= LIGHT_WEIGHT) return;
    this.#resting.set(key, this.#host.clock.monotonic() + Math.min(LONGEST_REST_MS, weight * REST_MS_PER_OBJECT));
  }

  #failed(key: string, error: unknown): ReconcileResult {
    const { log } = this.#host;
    if (error instanceof TerminalError) {
      log.error("reconcile failed and is not tried again before a change", { key, error });
      this.#queue.forget(key);
      return "terminal";
    }
    const delayMs = this.#queue.addRateLimited(key);
    if (isStatus(error, "Conflict", "AlreadyExists")) {
      // The cache was older than the store: usual, and over as soon as the change arrives.
      log.debug("reconcile met a newer object", { key, delayMs, error: messageOf(error) });
      return "conflict";
    }
    if (error instanceof InvariantError || !isStatus(error)) log.error("reconcile failed", { key, delayMs, error });
    else log.warn("reconcile failed", { key, delayMs, error: messageOf(error) });
    return "error";
  }
}
