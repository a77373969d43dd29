export { bridgeName, type PodNetworkOptions, renderCniConfigList } from "./cni-config.ts";
export { type Command, CommandError, type CommandOutcome, type CommandRunner, runOrThrow } from "./command-runner.ts";
export { addressAt, type Ipv4Range, parseIpv4Range } from "./ip-range.ts";
export {
  createLoadBalancerNetwork,
  loadBalancerInterface,
  type LoadBalancerNetworkOptions,
  planLoadBalancerNetwork,
  removeLoadBalancerNetwork,
} from "./load-balancer-network.ts";
export { nodeCommandRunner } from "./node-command-runner.ts";
export {
  applyNodeSysctls,
  inNetworkNamespace,
  layOutNodeNetwork,
  type NetworkStep,
  NodeNetwork,
  type NodeNetworkLayout,
  type NodeNetworkMember,
  type NodeNetworkOptions,
  planNodeNetwork,
  planNodeNetworkRemoval,
  BRIDGE_FILTER_SETTING,
  planNodeSysctls,
} from "./node-network.ts";
export { overlayInterface, overlayRoute, PodOverlay } from "./pod-overlay.ts";
export { type PodRoute, PodRoutes, reachOf } from "./pod-routes.ts";
export { removePodNetwork } from "./remove-pod-network.ts";
