import type { CommandRunner } from "./command-runner.ts";
import { interfaceTag, type NetworkStep, linkRemoval, performSteps } from "./node-network.ts";

/** The route that a cluster's load-balancer addresses have on the machine. */
interface LoadBalancerNetworkOptions {
  readonly cluster: string;
  /** The range of the addresses, for example `10.172.0.0/24`. */
  readonly cidr: string;
}

/** The interface that the route leads to. */
export function loadBalancerInterface(cluster: string): string {
  return `skl-${interfaceTag(cluster)}`;
}

/**
 * The steps that make the machine take load-balancer addresses for reachable, also without a default route. The proxy's rules
 * lead what a Service answers elsewhere before it gets there; the interface is an empty bridge, because not every kernel has
 * `dummy`, and a route by way of `lo` would give connections a loopback address as their source.
 */
function planLoadBalancerNetwork({ cluster, cidr }: LoadBalancerNetworkOptions): readonly NetworkStep[] {
  const device = loadBalancerInterface(cluster);
  return [
    { command: ["ip", "link", "add", device, "type", "bridge"], unless: ["ip", "link", "show", "dev", device] },
    { command: ["ip", "link", "set", "dev", device, "up"] },
    { command: ["ip", "route", "replace", cidr, "dev", device] },
  ];
}

/** Makes the route. Idempotent. Errors: rejects with a `CommandError`. */
export async function createLoadBalancerNetwork(runner: CommandRunner, options: LoadBalancerNetworkOptions): Promise<void> {
  await performSteps(runner, planLoadBalancerNetwork(options));
}

/** Removes interface and route. Idempotent. */
export async function removeLoadBalancerNetwork(runner: CommandRunner, cluster: string): Promise<void> {
  const device = loadBalancerInterface(cluster);
  await performSteps(runner, [linkRemoval(device)]);
}
