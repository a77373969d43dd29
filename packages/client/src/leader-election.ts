import { formatMicroTime, messageOf, parseTime, sleep, type Host } from "@skiff/base";
import { isStatus, leaseKind, type Lease, type LeaseSpec } from "@skiff/api";
import type { Client } from "./client.ts";

/** How a {@link runAsLeader} competes. The defaults are those of the Kubernetes control plane. */
export interface LeaderElectionOptions {
  readonly client: Client;
  readonly host: Host;
  /** The Lease that is fought for. */
  readonly namespace: string;
  readonly name: string;
  /** Who we are; unique among the competitors. */
  readonly identity: string;
  /** How long others wait after the last renewal that they saw before they take over. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for so long steps down by itself. Must be less than the lease. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts. Default 2 s. */
  readonly retryPeriodMs?: number;
  /** Give the lease back when `signal` ends the work, so that the next leader need not wait. Default true. */
  readonly releaseOnEnd?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Waits until we lead, then runs `lead`, whose signal is aborted when leadership is lost or `options.signal` is aborted.
 * Resolves when `lead` has ended.
 *
 * Guarantees: by the clocks of the competitors (which may differ, but must run at nearly the same speed) at most one leads
 * at a time: expiry is measured from when a change of the Lease was seen here, never from the times in it.
 *
 * Errors: rejects with what `lead` rejects with; connection trouble while competing is logged and tried again.
 */
export async function runAsLeader(options: LeaderElectionOptions, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const election = new Election(options);
  if (!(await election.win())) return;
  const term = new AbortController();
  const onAbort = (): void => term.abort(options.signal.reason);
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  const renewing = election.holdUntilLost(term.signal).then(() => term.abort(new Error("leadership was lost")));
  try {
    await lead(term.signal);
  } finally {
    options.signal.removeEventListener("abort", onAbort);
    term.abort(new Error("the work has ended"));
    await renewing;
    if (options.releaseOnEnd ?? true) await election.release();
  }
}

class Election {
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  #observed: Lease | undefined;
  #observedAtMs = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (this.#leaseDurationMs <= this.#renewDeadlineMs) throw new RangeError("leaseDurationMs must be greater than renewDeadlineMs");
  }

  /** Resolves true when we lead, false when the signal was aborted first. */
  async win(): Promise<boolean> {
    const { signal, host } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryToHold()) return true;
      // Competitors that start together must not stay in step.
      const waitMs = this.#retryPeriodMs * (1 + host.random.next() * 0.2);
      await sleep(host.clock, waitMs, signal).catch(() => {});
    }
    return false;
  }

  /** Renews until that failed for the whole deadline, or until `signal` is aborted. */
  async holdUntilLost(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.host;
    let renewedAtMs = clock.monotonic();
    while (!signal.aborted && clock.monotonic() - renewedAtMs < this.#renewDeadlineMs) {
      await sleep(clock, this.#retryPeriodMs, signal).catch(() => {});
      if (signal.aborted) return;
      const attemptedAtMs = clock.monotonic();
      if (await this.#withDeadline(this.#tryToHold(), renewedAtMs + this.#renewDeadlineMs)) renewedAtMs = attemptedAtMs;
      else if (this.#observed?.spec?.holderIdentity && this.#observed.spec.holderIdentity !== this.#options.identity) return;
    }
  }

  async release(): Promise<void> {
    const lease = this.#observed;
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    const now = formatMicroTime(this.#options.host.clock.now());
    const spec: LeaseSpec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      this.#observe(await this.#leases.update({ ...lease, spec }));
    } catch (error) {
      this.#options.host.log.warn("the lease could not be given back", { error: messageOf(error) });
    }
  }

  get #leases() {
    return this.#options.client.resource(leaseKind);
  }

  /** A request that hangs must not make us believe to lead beyond the deadline. */
  async #withDeadline(attempt: Promise<boolean>, deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options.host;
    const over = new AbortController();
    const late = sleep(clock, Math.max(0, deadlineMs - clock.monotonic()), over.signal).then(
      () => false,
      () => false,
    );
    const held = await Promise.race([attempt, late]);
    over.abort();
    return held;
  }

  async #tryToHold(): Promise<boolean> {
    const { namespace, name, identity, host } = this.#options;
    try {
      const current = await this.#leases.get({ namespace, name }).catch((error: unknown) => {
        if (isStatus(error, "NotFound")) return undefined;
        throw error;
      });
      const now = formatMicroTime(host.clock.now());
      const mine = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000), renewTime: now };
      if (current === undefined) {
        const spec: LeaseSpec = { ...mine, acquireTime: now, leaseTransitions: 0 };
        this.#observe(
          await this.#leases.create({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name }, spec }),
        );
        return true;
      }
      this.#observe(current);
      const holder = current.spec?.holderIdentity ?? "";
      if (holder !== "" && holder !== identity && !this.#expired(current)) return false;
      const kept = holder === identity;
      const spec: LeaseSpec = {
        ...current.spec,
        ...mine,
        acquireTime: kept && parseTime(current.spec?.acquireTime) !== undefined ? current.spec?.acquireTime : now,
        leaseTransitions: (current.spec?.leaseTransitions ?? 0) + (kept ? 0 : 1),
      };
      this.#observe(await this.#leases.update({ ...current, spec }));
      return true;
    } catch (error) {
      if (!isStatus(error, "Conflict", "AlreadyExists"))
        host.log.warn("the lease could not be taken or renewed", { error: messageOf(error) });
      return false;
    }
  }

  #observe(lease: Lease): void {
    if (this.#observed?.metadata?.resourceVersion === lease.metadata?.resourceVersion) return;
    this.#observed = lease;
    this.#observedAtMs = this.#options.host.clock.monotonic();
  }

  #expired(lease: Lease): boolean {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? this.#leaseDurationMs / 1000) * 1000;
    return this.#options.host.clock.monotonic() - this.#observedAtMs > durationMs;
  }
}
