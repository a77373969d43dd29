import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  type IBackoff,
} from "cockatiel";
import { Counter, Gauge, type Registry } from "prom-client";
import type { Log } from "#shared/log.ts";
import { Refusal } from "./face-client.ts";

/** The breaker is open: the call was not made. */
export class BreakerOpen extends Error {}

/** What a breaker works with. */
interface BreakerOptions {
  /** Calls that fail one after the other until it opens. */
  readonly failures: number;
  /** From opening to the first ping. */
  readonly firstWaitMs: number;
  /** Each ping that fails doubles the wait, up to this one. */
  readonly longestWaitMs: number;
  /** Asks once whether the service is well; rejects when it is not. */
  readonly ping: () => Promise<void>;
  /** Called whenever calls may be made again or no longer. */
  readonly changed: (closed: boolean) => void;
  readonly log: Log;
  readonly registry: Registry;
}

/** What the metric `face_breaker_state` shows. */
const STATES: Readonly<Record<CircuitState, number>> = {
  [CircuitState.Closed]: 0,
  [CircuitState.Open]: 1,
  [CircuitState.HalfOpen]: 2,
  [CircuitState.Isolated]: 1,
};

/**
 * The circuit breaker of the documents. After so many failed calls in a row it opens and lets nothing through. After a
 * wait it sends one ping, never a call: when the ping fails the wait grows, when it is answered the breaker closes.
 * A {@link Refusal} is an answer and no failure.
 */
export class FaceBreaker {
  readonly #options: BreakerOptions;
  readonly #policy: CircuitBreakerPolicy;
  readonly #pings: Counter<"result">;
  #waitMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
    const { failures, firstWaitMs, log, registry } = options;
    const registers = [registry];
    const state = new Gauge({ name: "face_breaker_state", help: "0 closed, 1 open, 2 pinging", registers });
    const trips = new Counter({ name: "face_breaker_trips_total", help: "How often the breaker opened", registers });
    this.#pings = new Counter({ name: "face_breaker_pings_total", help: "Pings while open", labelNames: ["result"], registers });
    this.#policy = circuitBreaker(
      handleWhen((error) => !(error instanceof Refusal)),
      { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: { next: () => this.#wait(firstWaitMs) } },
    );
    this.#policy.onStateChange((now) => state.set(STATES[now]));
    this.#policy.onBreak((reason) => {
      const err = "error" in reason ? reason.error : undefined;
      log.warn({ err, waitMs: this.#waitMs }, "circuit breaker is open: no calls until a ping is answered");
      // Opened by calls, not by a ping.
      if (this.#waitMs === firstWaitMs) trips.inc();
      options.changed(false);
      this.#pingIn(this.#waitMs);
    });
    this.#policy.onReset(() => {
      log.info("circuit breaker is closed: calls are made again");
      options.changed(true);
    });
  }

  get closed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  /** Makes the call. Errors: rejects with {@link BreakerOpen} when it was not made, else with the call's error. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    if (!this.closed) throw new BreakerOpen("the circuit breaker is open");
    return this.#policy.execute(work);
  }

  /** Sends no further pings. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): IBackoff<unknown> {
    this.#waitMs = ms;
    return { duration: ms, next: () => this.#wait(Math.min(2 * ms, this.#options.longestWaitMs)) };
  }

  #pingIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#ping(), ms);
  }

  /** What this answers is seen in the policy's events. */
  async #ping(): Promise<void> {
    try {
      await this.#policy.execute(this.#options.ping);
      this.#pings.inc({ result: "answered" });
    } catch (error) {
      // The timer was early by the policy's clock.
      if (error instanceof BrokenCircuitError) this.#pingIn(1);
      else this.#pings.inc({ result: "failed" });
    }
  }
}
