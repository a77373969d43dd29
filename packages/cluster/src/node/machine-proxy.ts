import { endpointSliceKind, nodeKind, serviceKind } from "@skiff/api";
import { messageOf, type Host, type Timer } from "@skiff/base";
import type { InformerFactory } from "@skiff/client";
import { inNetworkNamespace, nodeCommandRunner, PodRoutes, type CommandRunner } from "@skiff/cni";
import { NftPacketFilter } from "@skiff/nftables";
import { ServiceProxy } from "@skiff/proxy";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { joinedNodes } from "../manage/machine-node-networks.ts";
import { proxyTable } from "./containerd-layout.ts";
import { podRoutesTo } from "./pod-network.ts";

const ROUTE_RETRY_MS = 1000;

/** The machine's part in a cluster whose nodes have networks of their own. */
interface MachineProxy {
  /** Routes and rules stay in force, so that connections go on while the process is away. */
  stop(): Promise<void>;
}

/**
 * Makes load-balancer addresses (and cluster addresses) answer on the machine itself when the cluster's nodes live in network
 * namespaces: routes to the nodes' Pods, and the Service proxy's rules as for a load balancer in front of the nodes, which leads
 * straight to Pods. `undefined` for a cluster that lives in the machine's own network: there the node does it.
 *
 * One node of the cluster runs it, in the machine's network namespace. The informers are the caller's.
 */
export function startMachineProxy(host: Host, config: ClusterConfig, informers: InformerFactory): MachineProxy | undefined {
  const joined = joinedNodes(config);
  if (joined === undefined) return undefined;
  const { clusterCidr, serviceCidr, loadBalancerCidr } = config.network;
  const { bridge, machineNamespace } = joined.layout;
  const runner: CommandRunner = { run: (command, input) => nodeCommandRunner.run(inNetworkNamespace(machineNamespace, command), input) };
  const routes = new PodRoutes(runner, { device: bridge });
  const nodes = informers.informer(nodeKind);
  const stopping = new AbortController();
  let routing: Promise<void> = Promise.resolve();
  let retry: Timer | undefined;
  const route = async (): Promise<void> => {
    retry?.cancel();
    if (stopping.signal.aborted) return;
    try {
      await routes.apply(podRoutesTo(nodes.list()));
    } catch (error) {
      // Usual at the start: the bridge comes with the nodes.
      host.log.debug("routes to the nodes' Pods could not be set; trying again", { error: messageOf(error) });
      retry = host.clock.setTimeout(() => void (routing = routing.then(route)), ROUTE_RETRY_MS);
    }
  };
  const unsubscribe = nodes.onChange(({ object, previous }) => {
    const isSame = JSON.stringify(podRoutesTo([object])) === JSON.stringify(previous === undefined ? [] : podRoutesTo([previous]));
    if (!isSame) routing = routing.then(route);
  });
  const proxy = new ServiceProxy({
    host,
    nodeName: undefined,
    network: { table: proxyTable(config.name), clusterCidr, podCidr: clusterCidr, serviceCidr, loadBalancerCidr, nodePortAddresses: [] },
    services: informers.informer(serviceKind),
    endpointSlices: informers.informer(endpointSliceKind),
    filter: new NftPacketFilter(inNetworkNamespace(machineNamespace)),
  });
  proxy.start(stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) host.log.error("the machine's Service rules could not be set up", { error: messageOf(error) });
  });
  return {
    async stop() {
      stopping.abort(new Error("the node is being stopped"));
      unsubscribe();
      retry?.cancel();
      await proxy.stop();
      await routing;
    },
  };
}
