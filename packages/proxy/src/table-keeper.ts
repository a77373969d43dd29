import { messageOf, type Host, type Timer } from "@skiff/base";
import { renderTransaction, type Ruleset } from "./ruleset.ts";
import type { PacketFilter } from "./packet-filter.ts";

/** What a {@link TableKeeper} works on. */
interface TableKeeperOptions {
  readonly host: Host;
  readonly filter: PacketFilter;
  /** The name of the table that `render` gives. */
  readonly table: string;
  /** What is wanted now; called once for each application. */
  readonly render: () => Ruleset;
  /** Called when new rules are in force. */
  readonly onApplied?: () => Promise<void>;
}

/** Changes that come within this time are applied together. */
const GATHER_MS = 20;
/** How often to look whether the table is still there. */
const CHECK_MS = 30_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;

/**
 * Keeps one table of a node equal to what is wanted.
 *
 * Guarantees: each application is one transaction; a failed one leaves the old rules in force and is tried again, from
 * scratch, with a growing wait; at most one is under way.
 */
export class TableKeeper {
  readonly #options: TableKeeperOptions;
  readonly #firstSync: { readonly promise: Promise<void>; readonly resolve: () => void };
  #applied: Ruleset | undefined;
  #timer: Timer | undefined;
  #checkTimer: Timer | undefined;
  #running: Promise<void> | undefined;
  #dirty = false;
  #retryMs = FIRST_RETRY_MS;
  #stopped = false;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => (resolve = done));
    this.#firstSync = { promise, resolve };
  }

  /** Resolves when the rules are in force for the first time. */
  async start(): Promise<void> {
    this.#gather(0);
    this.#checkLater();
    await this.#firstSync.promise;
  }

  /** Something that the rules follow from has changed. */
  changed(): void {
    this.#gather(GATHER_MS);
  }

  /** The rules stay in force, so that connections go on while the process is away. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#checkTimer?.cancel();
    await this.#running;
  }

  #gather(delayMs: number): void {
    this.#dirty = true;
    if (this.#stopped || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = this.#options.host.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#sync();
    }, delayMs);
  }

  async #sync(): Promise<void> {
    const { log } = this.#options.host;
    this.#dirty = false;
    let waitMs = GATHER_MS;
    try {
      await this.#apply();
      this.#retryMs = FIRST_RETRY_MS;
      this.#firstSync.resolve();
    } catch (error) {
      log.error("the rules could not be applied; trying again", { error: messageOf(error), inMs: this.#retryMs });
      // What the kernel holds now is not known, so the next attempt makes the table anew.
      this.#applied = undefined;
      this.#dirty = true;
      waitMs = this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    }
    this.#running = undefined;
    if (this.#dirty) this.#gather(waitMs);
  }

  async #apply(): Promise<void> {
    const { filter, render, onApplied } = this.#options;
    const next = render();
    const commands = renderTransaction(this.#applied, next);
    if (commands === "") return;
    await filter.apply(commands);
    this.#applied = next;
    await onApplied?.();
  }

  #checkLater(): void {
    this.#checkTimer = this.#options.host.clock.setTimeout(() => {
      void this.#check();
    }, CHECK_MS);
  }

  async #check(): Promise<void> {
    const { host, filter, table } = this.#options;
    try {
      if (this.#applied !== undefined && this.#running === undefined && !(await filter.hasTable(table))) {
        host.log.warn("the rules are gone, another program removed them; applying them again");
        this.#applied = undefined;
        this.#gather(0);
      }
    } catch (error) {
      host.log.warn("could not look at the rules", { error: messageOf(error) });
    }
    if (!this.#stopped) this.#checkLater();
  }
}
