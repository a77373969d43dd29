import { configMapKind, nodeKind, objectKey, podKind, secretKind, serviceKind, type KubeObject, type Node, type Pod } from "@skiff/api";
import { componentHost, type Host } from "@skiff/base";
import { EventRecorder, InformerFactory, type Client, type Informer, type InformerChange } from "@skiff/client";
import type { SimulatedRuntimeOptions } from "@skiff/cri-simulated";
import { fromInformer, startLocalVolumes, type KubeletSources, type LocalVolumeHost } from "@skiff/kubelet";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import type { NodeProcess } from "./node-process.ts";
import { createSimulatedNode, type SimulatedNode } from "./simulated-node.ts";

/** So many nodes register at the same time. */
const PARALLEL_STARTS = 64;
/** Where a simulated node keeps local volumes, in its own file system. */
const VOLUMES = "/var/lib/skiff/volumes";

/** What a group of simulated nodes is made of. */
interface SimulatedNodesOptions {
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
  readonly #podsByNode: ObjectsByNode<Pod>;
  readonly #nodesByName: ObjectsByNode<Node>;
  #localVolumes: { stop(): Promise<void> } | undefined;

  constructor(options: SimulatedNodesOptions) {
    this.#options = options;
    const { host, client, informers } = options;
    this.#recorder = new EventRecorder(client, componentHost(host, "kubelet"), "kubelet");
    this.#podsByNode = podsByNode(informers.informer(podKind));
    this.#nodesByName = nodesByName(informers.informer(nodeKind));
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
    const hosts = Array.from(this.nodes, ([nodeName, { fileSystem }]): [string, LocalVolumeHost] => [
      nodeName,
      { nodeName, hostname: nodeName, root: VOLUMES, fileSystem },
    ]);
    const { host, client, informers } = this.#options;
    this.#localVolumes = startLocalVolumes({ host, client, informers, hosts: new Map(hosts) });
  }

  async stop(): Promise<void> {
    await this.#localVolumes?.stop();
    await Promise.all(Array.from(this.nodes.values(), ({ kubelet }) => kubelet.stop()));
    this.#podsByNode.stop();
    this.#nodesByName.stop();
    await this.#recorder.stop();
  }

  #create(nodeName: string, index: number): SimulatedNode {
    const { informers, clusterDns, clusterDomain, runtime, cpuCount, memoryBytes, maxPods, host, client } = this.#options;
    const [pods, nodes] = [informers.informer(podKind), informers.informer(nodeKind)];
    const sources: Partial<KubeletSources> = {
      pods: { synced: (signal) => pods.synced(signal), onChange: (handler) => this.#podsByNode.subscribe(nodeName, handler) },
      services: informers.informer(serviceKind),
      nodes: { get: (name) => nodes.get(name), onChange: (handler) => this.#nodesByName.subscribe(nodeName, handler) },
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

type Handler<T> = (change: InformerChange<T>) => void;

/** One informer whose changes are handed to the node that they are about: the cost of a change does not grow with the nodes. */
class ObjectsByNode<T extends KubeObject> {
  readonly #handlers = new Map<string, Set<Handler<T>>>();
  readonly #present: (nodeName: string) => readonly T[];
  readonly #unsubscribe: () => void;

  /** `present` answers what there is for a node already. */
  constructor(objects: Informer<T>, nodeNameOf: (object: T) => string | undefined, present: (nodeName: string) => readonly T[]) {
    this.#present = present;
    this.#unsubscribe = objects.onChange((change) => {
      const nodeName = nodeNameOf(change.object);
      if (nodeName !== undefined) for (const handler of this.#handlers.get(nodeName) ?? []) handler(change);
    });
  }

  /** As an informer of this node's objects only. */
  subscribe(nodeName: string, handler: Handler<T>): () => void {
    const handlers = this.#handlers.get(nodeName) ?? new Set();
    this.#handlers.set(nodeName, handlers.add(handler));
    for (const object of this.#present(nodeName)) handler({ type: "added", key: objectKey(object), object });
    return () => void handlers.delete(handler);
  }

  stop(): void {
    this.#unsubscribe();
  }
}

function podsByNode(pods: Informer<Pod>): ObjectsByNode<Pod> {
  const nodeNameOf = (pod: Pod): string | undefined => pod.spec?.nodeName;
  pods.addIndex("spec.nodeName", (pod) => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName]));
  return new ObjectsByNode(pods, nodeNameOf, (nodeName) => pods.byIndex("spec.nodeName", nodeName));
}

function nodesByName(nodes: Informer<Node>): ObjectsByNode<Node> {
  const find = (name: string): readonly Node[] => {
    const node = nodes.get(name);
    return node === undefined ? [] : [node];
  };
  return new ObjectsByNode(nodes, ({ metadata }) => metadata?.name, find);
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
