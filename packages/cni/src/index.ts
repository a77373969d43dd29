export { bridgeName, renderCniConfigList } from "./cni-config.ts";
export { type Command, type CommandRunner, runOrThrow } from "./command-runner.ts";
export { createLoadBalancerNetwork, loadBalancerInterface, removeLoadBalancerNetwork } from "./load-balancer-network.ts";
export { nodeCommandRunner } from "./node-command-runner.ts";
export { applyNodeSysctls, BRIDGE_FILTER_SETTING, inNetworkNamespace, layOutNodeNetwork, NodeNetwork } from "./node-network.ts";
export { overlayInterface, overlayRoute, PodOverlay } from "./pod-overlay.ts";
export { type PodRoute, PodRoutes, reachOf } from "./pod-routes.ts";
export { removePodNetwork } from "./remove-pod-network.ts";
