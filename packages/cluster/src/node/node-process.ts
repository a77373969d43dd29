import { existsSync, readFileSync, writeFileSync, rmSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { endpointSliceKind, namespaceKind, networkPolicyKind, nodeKind, podKind, serviceKind } from "@skiff/api";
import type { Host } from "@skiff/base";
import { InformerFactory, type Client } from "@skiff/client";
import { applyNodeSysctls, BRIDGE_FILTER_SETTING, nodeCommandRunner } from "@skiff/cni";
import {
  ContainerdImages,
  ContainerdSupervisor,
  CriRuntime,
  detectSnapshotter,
  imageArchitecture,
  mayLowerOomScore,
  nodeHostFiles,
  NodeProcessSpawner,
  openGrpcChannel,
  PAUSE_IMAGE,
  pauseImage,
  writeOciArchive,
} from "@skiff/cri";
import { DnsServer, Forwarder, informerRecords, NodeDnsSockets } from "@skiff/dns";
import {
  createKubelet,
  detectCgroupMode,
  linuxCgroups,
  linuxMounter,
  linuxNodeFacts,
  nodeKubeletFileSystem,
  nodeProbeTransport,
  reviewedAccess,
  reviewedTokens,
  serveKubelet,
  startLocalVolumes,
} from "@skiff/kubelet";
import { NftPacketFilter } from "@skiff/nftables";
import { HealthCheckServer, nodeHealthSockets, PolicyEnforcer, ServiceProxy } from "@skiff/proxy";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths, type NodePaths } from "../layout/cluster-paths.ts";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import { isPortFree } from "../manage/free-port.ts";
import { LogRotation } from "../process/log-rotation.ts";
import { KUBERNETES_VERSION } from "../version.ts";
import { announceEndpoint } from "./announced-endpoint.ts";
import { dnsEndpoint } from "./cluster-dns.ts";
import { containerdLog, containerdOptions, nodeCgroup, policyTable, proxyTable, supervisorDirectory } from "./containerd-layout.ts";
import { startMachineProxy } from "./machine-proxy.ts";
import { nameServers } from "./name-servers.ts";
import { startNodeIngress, type NodeIngress } from "./node-ingress.ts";
import { PodNetwork } from "./pod-network.ts";
import { readRegistryMirrors } from "./registry-mirrors.ts";

/** What a node process is told. */
interface NodeProcessOptions {
  readonly host: Host;
  readonly config: ClusterConfig;
  readonly paths: ClusterPaths;
  readonly nodeName: string;
  /** The node's address. */
  readonly address: string;
}

/** A node at work. */
export interface NodeProcess {
  /** Ends the process's own work. Containers, containerd and rules stay, so that the next process takes them over. */
  stop(): Promise<void>;
}

const KUBELET_PORT = 10250;

/**
 * Runs a node with real containers: containerd, kubelet, Service proxy, NetworkPolicies and DNS. Resolves when the kubelet is registered.
 *
 * Order: containerd first, because the kubelet reports what it says; rules and DNS need only the API and come up beside it.
 */
export async function startNodeProcess(options: NodeProcessOptions): Promise<NodeProcess> {
  const { host, config, paths, nodeName, address } = options;
  const own = nodePaths(paths, nodeName);
  const stopping = new AbortController();
  const [client, servicesClient] = await Promise.all([
    clientFromKubeconfig(own.kubeconfig, host),
    clientFromKubeconfig(own.servicesKubeconfig, host),
  ]);
  const informers = new InformerFactory(client, host);
  const serviceInformers = new InformerFactory(servicesClient, host);
  const nodes = serviceInformers.informer(nodeKind);
  const network = new PodNetwork({
    host,
    cluster: config.name,
    nodeName,
    clusterCidr: config.network.clusterCidr,
    address,
    paths: own,
    files: nodeHostFiles,
    runner: nodeCommandRunner,
    nodes,
  });

  await applyNodeSysctls(nodeCommandRunner);
  if (!existsSync(BRIDGE_FILTER_SETTING))
    host.log.warn("the kernel has no br_netfilter: neither NetworkPolicies nor Services hold between Pods of this node");
  const containerd = await startContainerd(host, own);
  const logRotation = new LogRotation({ host, logFile: containerdLog(own) }).start();
  network.start();
  serviceInformers.start();
  const kubelet = await runKubelet(options, own, client, containerd, informers);
  const podCidr = (await podCidrOf(nodes, nodeName, stopping.signal)) ?? config.network.clusterCidr;
  const policies = new PolicyEnforcer({
    host,
    network: { table: policyTable(config.name), nodeName, podCidr, dnsServiceIp: config.network.dnsServiceIp },
    policies: serviceInformers.informer(networkPolicyKind),
    namespaces: serviceInformers.informer(namespaceKind),
    pods: serviceInformers.informer(podKind),
    filter: new NftPacketFilter(),
  });
  const proxy = new ServiceProxy({
    host,
    nodeName,
    network: {
      table: proxyTable(config.name),
      clusterCidr: config.network.clusterCidr,
      podCidr,
      serviceCidr: config.network.serviceCidr,
      loadBalancerCidr: config.network.loadBalancerCidr,
      nodePortAddresses: [],
    },
    services: serviceInformers.informer(serviceKind),
    endpointSlices: serviceInformers.informer(endpointSliceKind),
    pods: informers.informer(podKind, { fieldSelector: `spec.nodeName=${nodeName}` }),
    filter: new NftPacketFilter(),
  });
  const healthChecks = new HealthCheckServer({
    host,
    nodeName,
    services: serviceInformers.informer(serviceKind),
    endpointSlices: serviceInformers.informer(endpointSliceKind),
    sockets: nodeHealthSockets,
  });
  healthChecks.start();
  await Promise.all([policies.start(stopping.signal), proxy.start(stopping.signal)]);
  const machineProxy = nodeName === config.nodes[0] ? startMachineProxy(host, config, serviceInformers) : undefined;
  const localVolumes = startLocalVolumes({
    host,
    client: servicesClient,
    informers: serviceInformers,
    hosts: new Map([[nodeName, { nodeName, hostname: nodeName, root: own.volumes, fileSystem: nodeKubeletFileSystem }]]),
  });
  const dns = await runDns(options, serviceInformers);
  const node = nodes.get(nodeName);
  let ingress: NodeIngress | undefined;
  if (node !== undefined) {
    await announceEndpoint(servicesClient, host, dnsEndpoint(node, address, dns.port), stopping.signal);
    ingress = await startNodeIngress({ host, kubeconfig: own.ingressKubeconfig, services: serviceInformers, node, address });
  }
  host.log.info("the node is at work", { node: nodeName, address });
  return {
    async stop() {
      stopping.abort(new Error("the node is being stopped"));
      await Promise.allSettled([
        ingress?.stop(),
        policies.stop(),
        proxy.stop(),
        machineProxy?.stop(),
        healthChecks.stop(),
        localVolumes.stop(),
        network.stop(),
        dns.stop(),
        kubelet.stop(),
      ]);
      await Promise.allSettled([informers.stop(), serviceInformers.stop()]);
      await containerd.runtime.close();
      containerd.supervisor.release();
      logRotation.stop();
    },
  };
}

/** A supervisor for the containerd of a node; nothing is started yet. */
export async function containerdOf(host: Host, own: NodePaths): Promise<NodeContainerd> {
  const spawner = new NodeProcessSpawner(host.clock);
  mkdirSync(own.run, { recursive: true, mode: 0o700 });
  mkdirSync(own.containerdData, { recursive: true, mode: 0o711 });
  const options = containerdOptions(own, {
    snapshotter: await detectSnapshotter(nodeHostFiles, spawner, own.data),
    restrictOomScoreAdj: !(await mayLowerOomScore(nodeHostFiles)),
  });
  const runtime = new CriRuntime(openGrpcChannel(options.socketPath));
  const supervisor = new ContainerdSupervisor(host, {
    containerd: options,
    registryMirrors: readRegistryMirrors(own.registries),
    directory: supervisorDirectory(own),
    spawner,
    files: nodeHostFiles,
    ping: () => runtime.version(),
  });
  const images = new ContainerdImages({
    runtime,
    spawner,
    clock: host.clock,
    socketPath: options.socketPath,
    snapshotter: options.snapshotter,
  });
  return { supervisor, runtime, images };
}

/** The containerd of a node. */
interface NodeContainerd {
  readonly supervisor: ContainerdSupervisor;
  readonly runtime: CriRuntime;
  readonly images: ContainerdImages;
}

async function startContainerd(host: Host, own: NodePaths): Promise<NodeContainerd> {
  const { supervisor, runtime, images } = await containerdOf(host, own);
  await supervisor.start();
  if ((await runtime.imageStatus(PAUSE_IMAGE)) === undefined) {
    const archive = join(own.data, "pause.tar");
    writeFileSync(archive, Buffer.concat([...writeOciArchive([pauseImage(imageArchitecture(process.arch))])]), { mode: 0o600 });
    await images.load(archive);
    rmSync(archive);
  }
  return { supervisor, runtime, images };
}

async function runKubelet(
  options: NodeProcessOptions,
  own: NodePaths,
  client: Client,
  { runtime, images }: NodeContainerd,
  informers: InformerFactory,
): Promise<{ stop(): Promise<void> }> {
  const { host, config, paths, nodeName, address } = options;
  const cgroupParent = nodeCgroup(config.name, nodeName);
  const port = (await isPortFree(KUBELET_PORT)) ? KUBELET_PORT : 0;
  mkdirSync(own.kubelet, { recursive: true, mode: 0o750 });
  const certificate = readFileSync(own.servingCertificate, "utf8");
  const key = readFileSync(own.servingKey, "utf8");
  const clientAuthority = readFileSync(join(paths.pki, "ca.crt"), "utf8");
  const chosen = port === 0 ? await anyPort() : port;
  const kubelet = createKubelet({
    host,
    client,
    nodeName,
    runtime,
    fileSystem: nodeKubeletFileSystem,
    mounter: linuxMounter,
    imageMounter: images,
    facts: linuxNodeFacts(own.data),
    probes: nodeProbeTransport,
    cgroups: linuxCgroups(await detectCgroupMode(), cgroupParent),
    cgroupParent,
    informers,
    nodeIps: [address],
    port: chosen,
    kubernetesVersion: KUBERNETES_VERSION,
    clusterDns: [config.network.dnsServiceIp],
    clusterDomain: config.network.clusterDomain,
    directories: { root: own.kubelet, logs: own.podLogs },
  });
  const server = await serveKubelet({
    kubelet,
    log: host.log,
    port: chosen,
    certificate,
    key,
    clientAuthority,
    authenticateToken: reviewedTokens(client, host.clock),
    authorize: reviewedAccess(client, host.clock, nodeName),
  });
  await kubelet.start();
  return {
    async stop() {
      await kubelet.stop();
      await server.close();
    },
  };
}

async function runDns(
  { host, config, address }: NodeProcessOptions,
  informers: InformerFactory,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new NodeDnsSockets();
  const server = new DnsServer({
    log: host.log,
    sockets,
    records: informerRecords(informers.informer(serviceKind), informers.informer(endpointSliceKind)),
    domain: config.network.clusterDomain,
    forwarder: new Forwarder(sockets, host.clock, nameServers),
  });
  const port = await server.listen(address, 0);
  return { port, stop: () => sockets.close() };
}

/** The range of the node's Pods, as soon as it has one. */
function podCidrOf(nodes: ReturnType<InformerFactory["informer"]>, nodeName: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const unsubscribe = nodes.onChange(({ object }) => {
      const { metadata, spec } = object as { metadata?: { name?: string }; spec?: { podCIDR?: string } };
      if (metadata?.name !== nodeName || spec?.podCIDR === undefined) return;
      queueMicrotask(() => unsubscribe());
      resolve(spec.podCIDR);
    });
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

async function anyPort(): Promise<number> {
  for (let port = KUBELET_PORT + 10; ; port++) if (await isPortFree(port)) return port;
}
