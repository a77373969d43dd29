import { componentHost, messageOf, type Host, type Timer } from "@skiff/base";
import type { EndpointSlice, Pod, Service } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { hostPorts } from "./host-port.ts";
import { renderServices, type ProxyNetwork } from "./render-services.ts";
import { renderTransaction, type Ruleset } from "./ruleset.ts";
import { entryKey, serviceEntries, type ServiceEntry, type Transport, type Viewpoint } from "./service-port.ts";

/** A connection that the kernel remembers, by where the client sent it and where it was led. */
export interface TrackedFlow {
  readonly transport: Transport;
  /** The address of the Service; absent for node ports. */
  readonly originalIp: string | undefined;
  readonly originalPort: number;
  readonly destinationIp: string;
}

/** What the proxy does to the kernel. */
export interface PacketFilter {
  /** Carries out `nft` commands as one transaction: all of it or nothing. Errors: rejects with the tool's own words. */
  apply(commands: string): Promise<void>;
  /** Whether the table is still there: other programs may flush all rules. */
  hasTable(table: string): Promise<boolean>;
  removeTable(table: string): Promise<void>;
  /** Forgets flows, so that clients which keep sending without a new connection (UDP) are led anew. Best effort. */
  forgetFlows(flows: readonly TrackedFlow[]): Promise<void>;
}

/** What a {@link ServiceProxy} works on. Every informer is started by the caller. */
export interface ServiceProxyOptions {
  readonly host: Host;
  readonly nodeName: Viewpoint;
  readonly network: ProxyNetwork;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
  /** The Pods of this node, for their host ports. */
  readonly pods?: Informer<Pod>;
  readonly filter: PacketFilter;
}

/** Changes that come within this time are applied together. */
const GATHER_MS = 20;
/** How often to look whether the table is still there. */
const CHECK_MS = 30_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;

/**
 * Keeps the node's rules equal to what Services and EndpointSlices ask for.
 *
 * Guarantees: each application is one transaction; a failed one leaves the old rules in force and is tried again, from
 * scratch, with a growing wait; at most one is under way.
 */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #host: Host;
  readonly #unsubscribe: (() => void)[] = [];
  #applied: Ruleset | undefined;
  #appliedEntries: readonly ServiceEntry[] = [];
  #timer: Timer | undefined;
  #checkTimer: Timer | undefined;
  #running: Promise<void> | undefined;
  #dirty = false;
  #retryMs = FIRST_RETRY_MS;
  #stopped = false;
  #firstSync: { readonly promise: Promise<void>; readonly resolve: () => void };

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#host = componentHost(options.host, "proxy");
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => (resolve = done));
    this.#firstSync = { promise, resolve };
  }

  /** Begins once the informers are in sync. Resolves when the rules are in force for the first time. */
  async start(signal?: AbortSignal): Promise<void> {
    const { services, endpointSlices, pods } = this.#options;
    await Promise.all([services.synced(signal), endpointSlices.synced(signal), pods?.synced(signal)]);
    const changed = (): void => this.#gather(GATHER_MS);
    this.#unsubscribe.push(services.onChange(changed), endpointSlices.onChange(changed));
    if (pods !== undefined) this.#unsubscribe.push(pods.onChange(changed));
    this.#gather(0);
    this.#checkLater();
    await this.#firstSync.promise;
  }

  /** Stops watching; the rules stay in force, so that connections go on while the process is away. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timer?.cancel();
    this.#checkTimer?.cancel();
    await this.#running;
  }

  #gather(delayMs: number): void {
    this.#dirty = true;
    if (this.#stopped || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = this.#host.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#sync();
    }, delayMs);
  }

  async #sync(): Promise<void> {
    this.#dirty = false;
    let waitMs = GATHER_MS;
    try {
      await this.#apply();
      this.#retryMs = FIRST_RETRY_MS;
      this.#firstSync.resolve();
    } catch (error) {
      this.#host.log.error("the rules could not be applied; trying again", { error: messageOf(error), inMs: this.#retryMs });
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
    const { services, endpointSlices, pods, nodeName, network, filter } = this.#options;
    const entries = serviceEntries(services.list(), endpointSlices.list(), nodeName);
    const next = renderServices(entries, hostPorts(pods?.list() ?? []), network);
    const commands = renderTransaction(this.#applied, next);
    if (commands === "") return;
    await filter.apply(commands);
    const stale = staleFlows(this.#appliedEntries, entries);
    this.#applied = next;
    this.#appliedEntries = entries;
    if (stale.length > 0) await filter.forgetFlows(stale);
  }

  #checkLater(): void {
    this.#checkTimer = this.#host.clock.setTimeout(() => {
      void this.#check();
    }, CHECK_MS);
  }

  async #check(): Promise<void> {
    try {
      if (
        this.#applied !== undefined &&
        this.#running === undefined &&
        !(await this.#options.filter.hasTable(this.#options.network.table))
      ) {
        this.#host.log.warn("the rules are gone, another program removed them; applying them again");
        this.#applied = undefined;
        this.#gather(0);
      }
    } catch (error) {
      this.#host.log.warn("could not look at the rules", { error: messageOf(error) });
    }
    if (!this.#stopped) this.#checkLater();
  }
}

/**
 * The UDP flows that lead to destinations which a Service no longer has, and those of Services that were refused before:
 * the kernel would go on sending them there as long as the client sends.
 */
export function staleFlows(before: readonly ServiceEntry[], after: readonly ServiceEntry[]): TrackedFlow[] {
  const now = new Map(after.map((entry) => [entryKey(entry), entry]));
  return before.flatMap((old) => {
    if (old.transport !== "udp") return [];
    const entry = now.get(entryKey(old));
    const kept = new Set((entry === undefined ? [] : [...entry.internalDestinations, ...entry.externalDestinations]).map(({ ip }) => ip));
    const lost = [...new Set([...old.internalDestinations, ...old.externalDestinations].map(({ ip }) => ip))].filter((ip) => !kept.has(ip));
    return lost.flatMap((destinationIp): TrackedFlow[] => [
      ...[...old.clusterIps, ...old.externalIps, ...old.loadBalancerIps].map((originalIp) => ({
        transport: old.transport,
        originalIp,
        originalPort: old.port,
        destinationIp,
      })),
      ...(old.nodePort === undefined
        ? []
        : [{ transport: old.transport, originalIp: undefined, originalPort: old.nodePort, destinationIp }]),
    ]);
  });
}
