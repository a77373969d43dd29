import { componentHost, type Host } from "@skiff/base";
import type { EndpointSlice, Pod, Service } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { hostPorts } from "./host-port.ts";
import type { PacketFilter, TrackedFlow } from "./packet-filter.ts";
import { renderServices, type ProxyNetwork } from "./render-services.ts";
import type { Ruleset } from "./ruleset.ts";
import { entryKey, serviceEntries, type ServiceEntry, type Viewpoint } from "./service-port.ts";
import { TableKeeper } from "./table-keeper.ts";

/** What a {@link ServiceProxy} works on. Every informer is started by the caller. */
interface ServiceProxyOptions {
  readonly host: Host;
  readonly nodeName: Viewpoint;
  readonly network: ProxyNetwork;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
  /** The Pods of this node, for their host ports. */
  readonly pods?: Informer<Pod>;
  readonly filter: PacketFilter;
}

/** Keeps the node's rules equal to what Services and EndpointSlices ask for. */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #keeper: TableKeeper;
  readonly #unsubscribe: (() => void)[] = [];
  /** What the rules were last made of, and what those that are in force were made of. */
  #rendered: readonly ServiceEntry[] = [];
  #applied: readonly ServiceEntry[] = [];

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#keeper = new TableKeeper({
      host: componentHost(options.host, "proxy"),
      filter: options.filter,
      table: options.network.table,
      render: () => this.#render(),
      onApplied: () => this.#forgetStaleFlows(),
    });
  }

  /** Begins once the informers are in sync. Resolves when the rules are in force for the first time. */
  async start(signal?: AbortSignal): Promise<void> {
    const { services, endpointSlices, pods } = this.#options;
    await Promise.all([services.synced(signal), endpointSlices.synced(signal), pods?.synced(signal)]);
    const changed = (): void => this.#keeper.changed();
    this.#unsubscribe.push(services.onChange(changed), endpointSlices.onChange(changed));
    if (pods !== undefined) this.#unsubscribe.push(pods.onChange(changed));
    await this.#keeper.start();
  }

  /** Stops watching; the rules stay in force, so that connections go on while the process is away. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#keeper.stop();
  }

  #render(): Ruleset {
    const { services, endpointSlices, pods, nodeName, network } = this.#options;
    this.#rendered = serviceEntries(services.list(), endpointSlices.list(), nodeName);
    return renderServices(this.#rendered, hostPorts(pods?.list() ?? []), network);
  }

  async #forgetStaleFlows(): Promise<void> {
    const stale = staleFlows(this.#applied, this.#rendered);
    this.#applied = this.#rendered;
    if (stale.length > 0) await this.#options.filter.forgetFlows(stale);
  }
}

/**
 * The UDP flows that lead to destinations which a Service no longer has, and those of Services that were refused before:
 * the kernel would go on sending them there as long as the client sends.
 */
function staleFlows(before: readonly ServiceEntry[], after: readonly ServiceEntry[]): TrackedFlow[] {
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
