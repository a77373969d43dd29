import { configMapKind } from "@skiff/api";
import type { Client } from "@skiff/client";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { NetworkPlan } from "../layout/network-plan.ts";
import { isNetwork } from "../layout/config-check.ts";
import { UserError } from "../user-error.ts";

/** Where a cluster says what its nodes have to know; holders of a token for nodes may read it. */
export const NODE_CONFIG = { namespace: "kube-system", name: "skiff-node-config", key: "config.json" } as const;

/** What a machine that joins has to know of a cluster beyond `cluster-info`. */
export interface NodeConfig {
  readonly network: NetworkPlan;
  /** Where the cluster's first nodes live. Other machines reach only those in the `machine`'s own network. */
  readonly nodes: "machine" | "namespaces" | "simulated";
}

/** What a cluster of this machine tells machines that join. */
export function nodeConfigOf({ network, runtime, nodes }: ClusterConfig): NodeConfig {
  return { network, nodes: runtime === "simulated" ? "simulated" : nodes.length > 1 ? "namespaces" : "machine" };
}

/** What the cluster says about its nodes. Errors: a {@link UserError} when it says nothing, or something else. */
export async function readNodeConfig(client: Client): Promise<NodeConfig> {
  const { namespace, name, key } = NODE_CONFIG;
  const { data } = await client.resource(configMapKind).get({ namespace, name });
  let config: Partial<NodeConfig> | null = null;
  try {
    config = JSON.parse(data?.[key] ?? "null") as Partial<NodeConfig> | null;
  } catch {
    // Said below, in the same words as for what is JSON but no description.
  }
  if (config === null || !isNetwork(config.network))
    throw new UserError(`The ConfigMap ${namespace}/${name} of the cluster is damaged.`, "Restart the cluster: skiff up puts it right.");
  return config as NodeConfig;
}

/**
 * Makes sure that nodes of other machines can be a part of the cluster.
 *
 * Errors: a {@link UserError} when its own nodes cannot be reached from other machines.
 */
export function ensureJoinable({ nodes }: Pick<NodeConfig, "nodes">): void {
  if (nodes === "machine") return;
  throw new UserError(
    nodes === "simulated"
      ? "The nodes of the cluster are simulated: Pods on a real one could not reach theirs."
      : "The cluster has several nodes on one machine, in network namespaces that other machines cannot reach.",
    "Use a cluster with one real node, which others can join: skiff up --nodes 1",
  );
}
