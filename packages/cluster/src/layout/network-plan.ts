/** The address ranges of one cluster. Clusters on one machine must not share any. */
export interface NetworkPlan {
  /** Pods of all nodes. */
  readonly clusterCidr: string;
  /** The bits of each node's part of it. */
  readonly nodeMaskBits: number;
  readonly serviceCidr: string;
  /** The first address of the Service range: `default/kubernetes`. */
  readonly apiServiceIp: string;
  /** The tenth: `kube-system/kube-dns`. */
  readonly dnsServiceIp: string;
  /** Addresses of the nodes on the bridge that joins them, for clusters of several nodes on one machine. */
  readonly nodeCidr: string;
  /** Addresses for Services of type LoadBalancer. They answer on this machine. */
  readonly loadBalancerCidr: string;
  readonly clusterDomain: string;
}

/** How many clusters fit side by side on one machine. */
export const NETWORK_SLOTS = 32;

/** RFC 6598: has room for thousands of simulated nodes. No packet ever reaches those, so clusters may share it. */
export const SHARED_CLUSTER_CIDR = "100.64.0.0/10";

/**
 * The ranges for the `slot`th cluster of a machine (from 0). Slot 0 has the ranges that kubeadm and minikube made
 * customary: 10.244.0.0/16 for Pods, 10.96.0.0/16 for Services. More than 256 nodes share a larger range.
 */
export function networkPlan(slot: number, nodeCount: number): NetworkPlan {
  const large = nodeCount > 250;
  const service = `10.${96 + slot}`;
  const nodeCidr = `10.${140 + slot}.0.0/24`;
  return {
    clusterCidr: large ? SHARED_CLUSTER_CIDR : `10.${244 - slot}.0.0/16`,
    nodeMaskBits: 24,
    serviceCidr: `${service}.0.0/16`,
    apiServiceIp: `${service}.0.1`,
    dnsServiceIp: `${service}.0.10`,
    nodeCidr,
    loadBalancerCidr: loadBalancerCidrOf(nodeCidr),
    clusterDomain: "cluster.local",
  };
}

/** The pool of load-balancer addresses that goes with a range of nodes: 32 further on, so that no two slots share any. */
export function loadBalancerCidrOf(nodeCidr: string): string {
  return nodeCidr.replace(/^10\.(\d+)\./, (_all, octet: string) => `10.${Number(octet) + NETWORK_SLOTS}.`);
}
