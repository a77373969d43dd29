import { type Clock, type Host, sleep } from "@skiff/base";
import { RuntimeError } from "@skiff/kubelet";
import { FaultPlan, type RuntimeOperation, type SimulatedFault } from "./fault.ts";

/** What stands between a caller and the runtime: latency, faults, and whether the runtime is there at all. */
export class RuntimeCalls {
  readonly #clock: Clock;
  readonly #latencyMs: Partial<Readonly<Record<RuntimeOperation, number>>>;
  readonly #faults: FaultPlan;
  /** Aborted when the runtime goes away; each life has its own. */
  #life = new AbortController();

  /** `latencyMs`: how long calls take; absent ones none. */
  constructor(
    host: Pick<Host, "clock" | "random">,
    latencyMs: Partial<Readonly<Record<RuntimeOperation, number>>>,
    faults: readonly SimulatedFault[],
  ) {
    this.#clock = host.clock;
    this.#latencyMs = latencyMs;
    this.#faults = new FaultPlan(host.random, faults);
  }

  /** Aborted when the runtime goes away; a restart brings another one. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Sets a fault; answers a function that takes it away. */
  inject(fault: SimulatedFault): () => void {
    return this.#faults.add(fault);
  }

  /** Calls under way and later ones fail with `UNAVAILABLE`. */
  crash(): void {
    this.#life.abort(new RuntimeError("UNAVAILABLE", "connection to the container runtime was lost"));
  }

  /** Calls are answered again. */
  restart(): void {
    if (this.#life.signal.aborted) this.#life = new AbortController();
  }

  /** Carries out one call about `subject`, or lets it fail as the faults have it. */
  async call<T>(operation: RuntimeOperation, subject: string, perform: () => T | Promise<T>): Promise<T> {
    this.life.throwIfAborted();
    const latencyMs = this.#latencyMs[operation];
    if (latencyMs !== undefined && latencyMs > 0) await this.sleep(latencyMs);
    const effect = this.#faults.isEmpty ? undefined : this.#faults.strike(operation, subject);
    if (effect === undefined || effect.kind === "lose") return await perform();
    if (effect.kind === "delay") {
      await this.sleep(effect.delayMs);
      return await perform();
    }
    if (effect.performed) await perform();
    if (effect.kind === "error") throw new RuntimeError(effect.code ?? "UNKNOWN", effect.message ?? `simulated failure of ${operation}`);
    await this.sleep(effect.afterMs);
    throw new RuntimeError("DEADLINE_EXCEEDED", "context deadline exceeded");
  }

  /** Whether an event about `subject` gets lost. */
  losesEvent(subject: string): boolean {
    return !this.#faults.isEmpty && this.#faults.strike("event", subject)?.kind === "lose";
  }

  /** Waits; rejects when the runtime goes away meanwhile. */
  sleep(delayMs: number): Promise<void> {
    return sleep(this.#clock, delayMs, this.life);
  }
}
