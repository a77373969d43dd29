import { configMapKind, nodeKind, podKind, secretKind, serviceKind, type Pod } from "@skiff/api";
import { componentHost, type Host } from "@skiff/base";
import { EventRecorder, InformerFactory, type Client, type Informer } from "@skiff/client";
import type { SimulatedRuntimeOptions } from "@skiff/cri-simulated";
import { fromInformer, type KubeletSources } from "@skiff/kubelet";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import type { NodeProcess } from "./node-process.ts";
import { createSimulatedNode, type SimulatedNode } from "./simulated-node.ts";

/** So many nodes register at the same time. */
const PARALLEL_STARTS = 64;

/** What a group of simulated nodes is made of. */
export interface SimulatedNodesOptions {
  readonly host: Host;
  readonly client: Client;
  /** Makes the informers that all nodes share. */
  readonly informers: InformerFactory;
  readonly names: readonly string[];
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly runtime?: SimulatedRuntimeOptions;
  readonly cpuCount?: number;
  readonly memoryBytes?: number;
  readonly maxPods?: number;
}

/** Simulated nodes that share one copy of what they watch. */
export class SimulatedNodes {
  readonly nodes = new Map<string, SimulatedNode>();
  readonly #options: SimulatedNodesOptions;
  readonly #recorder: EventRecorder;
  readonly #podsByNode: PodsByNode;

  constructor(options: SimulatedNodesOptions) {
    this.#options = options;
    const { host, client, informers } = options;
    this.#recorder = new EventRecorder(client, componentHost(host, "kubelet"), "kubelet");
    this.#podsByNode = new PodsByNode(informers.informer(podKind));
    for (const [index, name] of options.names.entries()) this.nodes.set(name, this.#create(name, index));
  }

  /** Registers every node. Resolves when all are at work. */
  async start(): Promise<void> {
    this.#options.informers.start();
    const waiting = [...this.nodes.values()];
    const work = async (): Promise<void> => {
      for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) await node.kubelet.start();
    };
    await Promise.all(Array.from({ length: PARALLEL_STARTS }, work));
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.nodes.values(), ({ kubelet }) => kubelet.stop()));
    this.#podsByNode.stop();
    await this.#recorder.stop();
  }

  #create(nodeName: string, index: number): SimulatedNode {
    const { informers, clusterDns, clusterDomain, runtime, cpuCount, memoryBytes, maxPods, host, client } = this.#options;
    const sources: Partial<KubeletSources> = {
      pods: this.#podsByNode.of(nodeName),
      services: informers.informer(serviceKind),
      nodes: informers.informer(nodeKind),
      configMaps: fromInformer(informers.informer(configMapKind)),
      secrets: fromInformer(informers.informer(secretKind)),
    };
    // 198.18.0.0/15 is set aside for tests of networks (RFC 2544), so these addresses belong to nobody.
    const address = `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
    return createSimulatedNode({
      host,
      client,
      nodeName,
      address,
      runtime,
      sources,
      recorder: this.#recorder,
      clusterDns,
      clusterDomain,
      cpuCount,
      memoryBytes,
      maxPods,
    });
  }
}

type PodHandler = Parameters<Informer<Pod>["onChange"]>[0];

/** One informer of all Pods, its changes handed to the node that each Pod is bound to: the cost of a change does not grow with the nodes. */
class PodsByNode {
  readonly #pods: Informer<Pod>;
  readonly #handlers = new Map<string, Set<PodHandler>>();
  readonly #unsubscribe: () => void;

  constructor(pods: Informer<Pod>) {
    this.#pods = pods;
    pods.addIndex("spec.nodeName", (pod) => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName]));
    this.#unsubscribe = pods.onChange((change) => {
      const nodeName = change.object.spec?.nodeName;
      if (nodeName !== undefined) for (const handler of this.#handlers.get(nodeName) ?? []) handler(change);
    });
  }

  of(nodeName: string): KubeletSources["pods"] {
    return {
      synced: (signal) => this.#pods.synced(signal),
      onChange: (handler) => {
        const handlers = this.#handlers.get(nodeName) ?? new Set();
        this.#handlers.set(nodeName, handlers.add(handler));
        for (const object of this.#pods.byIndex("spec.nodeName", nodeName)) {
          handler({ type: "added", key: `${object.metadata?.namespace}/${object.metadata?.name}`, object });
        }
        return () => handlers.delete(handler);
      },
    };
  }

  stop(): void {
    this.#unsubscribe();
  }
}

/** The process that plays all nodes of a simulated cluster. Resolves when every node is registered. */
export async function startSimulatedNodes(options: {
  readonly host: Host;
  readonly config: ClusterConfig;
  readonly paths: ClusterPaths;
}): Promise<NodeProcess> {
  const { host, config, paths } = options;
  const client = await clientFromKubeconfig(nodePaths(paths, "simulated").kubeconfig, host);
  const informers = new InformerFactory(client, host);
  const { dnsServiceIp, clusterDomain } = config.network;
  const nodes = new SimulatedNodes({ host, client, informers, names: config.nodes, clusterDns: dnsServiceIp, clusterDomain });
  await nodes.start();
  host.log.info("the simulated nodes are at work", { nodes: config.nodes.length });
  return {
    async stop() {
      await nodes.stop();
      await informers.stop();
    },
  };
}
