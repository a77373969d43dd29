import { join } from "node:path";

/** Where everything of one cluster lives. All paths are absolute. */
export interface ClusterPaths {
  /** Kept by `skiff down`, removed by `skiff delete`. */
  readonly data: string;
  /** Sockets and process files: gone after a restart of the machine. Short, because socket paths are limited to 107 bytes. */
  readonly run: string;
  readonly config: string;
  readonly pki: string;
  readonly store: string;
  readonly logs: string;
  /** The registry mirrors of every node, see `readRegistryMirrors`. */
  readonly registries: string;
  /** The audit log. */
  readonly audit: string;
  /** The kubeconfig of the administrator, beside the user's own into which it is merged. */
  readonly adminKubeconfig: string;
  readonly serverKubeconfig: string;
}

/** Where one node of a cluster keeps what it has. */
export interface NodePaths {
  readonly data: string;
  readonly run: string;
  /** The kubelet's. */
  readonly kubeconfig: string;
  /** The Service proxy's and the DNS server's. */
  readonly servicesKubeconfig: string;
  /** The Ingress front's. */
  readonly ingressKubeconfig: string;
  readonly servingCertificate: string;
  readonly servingKey: string;
  /** Pod volumes and plug-ins. */
  readonly kubelet: string;
  /** One directory for each local volume. */
  readonly volumes: string;
  readonly podLogs: string;
  readonly containerdData: string;
  readonly containerdRun: string;
  readonly containerdSocket: string;
  readonly cniConfig: string;
  /** The cluster's. */
  readonly registries: string;
}

/** The paths of the cluster whose data directory is `data` and whose run directory is `run`. */
export function clusterPaths(data: string, run: string): ClusterPaths {
  return {
    data,
    run,
    config: join(data, "cluster.json"),
    pki: join(data, "pki"),
    store: join(data, "store"),
    logs: join(data, "logs"),
    registries: join(data, "registries.yaml"),
    audit: join(data, "audit"),
    adminKubeconfig: join(data, "admin.kubeconfig"),
    serverKubeconfig: join(data, "server.kubeconfig"),
  };
}

/** The log of the server, or of the process of a node; older ones lie beside it, as `server.log.1` and so on. */
export function processLog({ logs }: Pick<ClusterPaths, "logs">, process: string): string {
  return join(logs, `${process}.log`);
}

/** The paths of one node. */
export function nodePaths(cluster: ClusterPaths, node: string): NodePaths {
  const data = join(cluster.data, "nodes", node);
  const run = join(cluster.run, node);
  return {
    data,
    run,
    kubeconfig: join(data, "kubelet.kubeconfig"),
    servicesKubeconfig: join(data, "services.kubeconfig"),
    ingressKubeconfig: join(data, "ingress.kubeconfig"),
    servingCertificate: join(data, "kubelet.crt"),
    servingKey: join(data, "kubelet.key"),
    kubelet: join(data, "kubelet"),
    volumes: join(data, "volumes"),
    podLogs: join(data, "pod-logs"),
    containerdData: join(data, "containerd"),
    containerdRun: join(run, "containerd"),
    containerdSocket: join(run, "containerd.sock"),
    cniConfig: join(data, "cni"),
    registries: cluster.registries,
  };
}
