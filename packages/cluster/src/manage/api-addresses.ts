import type { ClusterConfig } from "../layout/cluster-config.ts";
import { primaryAddress } from "./machine-addresses.ts";

/** The address under which other machines, and Pods, reach this machine. */
export function advertisedAddress({ address }: Pick<ClusterConfig, "address">): string {
  return address ?? primaryAddress();
}

/** Every address under which the API server of a cluster is reached: its certificate has to hold them. */
export function apiServerIps(config: Pick<ClusterConfig, "address" | "network">): readonly string[] {
  const { apiServiceIp, nodeCidr } = config.network;
  return [apiServiceIp, advertisedAddress(config), firstAddress(nodeCidr)];
}

/** The first usable address of a network: the machine's own end of the bridge that joins the nodes. */
function firstAddress(cidr: string): string {
  return (cidr.split("/")[0] ?? "").replace(/\.0$/, ".1");
}
