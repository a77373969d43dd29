import { componentHost, type Host } from "@skiff/base";
import type { Namespace, NetworkPolicy, Pod } from "@skiff/api";
import type { Informer } from "@skiff/client";
import type { PacketFilter } from "../packet-filter.ts";
import { TableKeeper } from "../table-keeper.ts";
import type { PolicyNetwork } from "./policy-state.ts";
import { renderPolicies } from "./render-policies.ts";

/** What a {@link PolicyEnforcer} works on. Every informer is started by the caller and holds the whole cluster. */
interface PolicyEnforcerOptions {
  readonly host: Host;
  readonly network: PolicyNetwork;
  readonly policies: Informer<NetworkPolicy>;
  readonly namespaces: Informer<Namespace>;
  readonly pods: Informer<Pod>;
  readonly filter: PacketFilter;
}

/** Keeps the node's rules equal to what NetworkPolicies ask for. */
export class PolicyEnforcer {
  readonly #options: PolicyEnforcerOptions;
  readonly #keeper: TableKeeper;
  #unsubscribe: readonly (() => void)[] = [];

  constructor(options: PolicyEnforcerOptions) {
    const { policies, namespaces, pods, network, filter } = options;
    this.#options = options;
    this.#keeper = new TableKeeper({
      host: componentHost(options.host, "network-policy"),
      filter,
      table: network.table,
      render: () => renderPolicies({ policies: policies.list(), namespaces: namespaces.list(), pods: pods.list() }, network),
    });
  }

  /** Begins once the informers are in sync. Resolves when the rules are in force for the first time. */
  async start(signal?: AbortSignal): Promise<void> {
    const { policies, namespaces, pods } = this.#options;
    await Promise.all([policies.synced(signal), namespaces.synced(signal), pods.synced(signal)]);
    const changed = (): void => this.#keeper.changed();
    this.#unsubscribe = [policies.onChange(changed), namespaces.onChange(changed), pods.onChange(changed)];
    await this.#keeper.start();
  }

  /** Stops watching; the rules stay in force, so that nothing is open while the process is away. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#keeper.stop();
  }
}
