import { apiAddress, ClusterManager, contextName, type RegistryMirror, type RuntimeChoice, type StoreChoice } from "@skiff/cluster";
import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import { userKubeconfig, type CommandContext } from "../command-context.ts";
import {
  parseClusterName,
  parseCount,
  parseIpv4,
  parsePool,
  parsePort,
  parseRegistryMirror,
  parseRuntime,
  parseStore,
  parseWait,
} from "../option-parsers.ts";
import { coloured, ProgressLines, shortDuration } from "../terminal.ts";

interface UpFlags {
  readonly name: string;
  readonly nodes?: number;
  readonly runtime?: RuntimeChoice;
  readonly store?: StoreChoice;
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly apiPort?: number;
  readonly advertiseAddress?: string;
  readonly loadBalancerPool?: string;
  /** False with `--no-removed-versions`; commander gives true without it. */
  readonly removedVersions: boolean;
  readonly install?: boolean;
  readonly auditLog: boolean;
  readonly dashboard: boolean;
  readonly wait: number;
  readonly registryMirror?: readonly RegistryMirror[];
}

/** `skiff up`. */
export function addUp(program: Command, context: CommandContext): void {
  program
    .command("up")
    .description("start the cluster, creating it if need be, and wait until it is ready")
    .option("--name <name>", "the cluster", parseClusterName, "skiff")
    .option("--nodes <count>", "how many nodes (default: 1)", parseCount)
    .option("--runtime <runtime>", "auto, containerd or simulated; auto takes containerd on Linux as root", parseRuntime)
    .option("--store <store>", "lmdb, memory, or etcd=URL,… (default: lmdb)", parseStore)
    .option("--data-dir <directory>", "where the cluster keeps its data")
    .option("--kubeconfig <file>", "the kubeconfig that gets the context (default: that of kubectl)")
    .option("--api-port <port>", "the port of the API (default: 6443, or the next free one)", parsePort)
    .option("--advertise-address <address>", "the address of this machine for others that join (default: its primary one)", parseIpv4)
    .option("--load-balancer-pool <cidr>", "the addresses for Services of type LoadBalancer (default: a free 10.N.0.0/24)", parsePool)
    .option("--no-removed-versions", "do not serve API versions that Kubernetes has removed, such as extensions/v1beta1")
    .option("--no-audit-log", "keep no log of who did what (audit/audit.log in the data directory)")
    .option("--no-dashboard", "do without the Service kube-system/kubernetes-dashboard and what is behind it")
    .option("--install", "install missing packages of the operating system")
    .option("--registry-mirror <mirror>", "take images of a registry from elsewhere: REGISTRY=URL; repeatable", parseRegistryMirror)
    .option("--wait <duration>", "how long to wait until everything is ready", parseWait, 180_000)
    .addHelpText(
      "after",
      `
Examples:
  skiff up                                    one node with real containers
  skiff up --install                          the same; installs containerd and the like if they are missing
  skiff up --name test --nodes 3              a second cluster, with three nodes
  skiff up --registry-mirror docker.io=http://192.0.2.1:5000   images by way of a local registry
  skiff up --runtime simulated --nodes 1000   a thousand nodes without containers; needs no root`,
    )
    .action(async (flags: UpFlags) => {
      const progress = new ProgressLines(context.terminal, context.host.clock);
      const manager: ClusterManager = clusterManager(context);
      try {
        const { config } = await manager.up(
          {
            name: flags.name,
            nodeCount: flags.nodes,
            runtime: flags.runtime,
            store: flags.store,
            apiPort: flags.apiPort,
            advertiseAddress: flags.advertiseAddress,
            loadBalancerPool: flags.loadBalancerPool,
            removedVersions: flags.removedVersions ? undefined : false,
            auditLog: flags.auditLog,
            dashboard: flags.dashboard,
            dataDir: flags.dataDir,
            kubeconfig: userKubeconfig(flags.kubeconfig),
            install: flags.install ?? false,
            waitMs: flags.wait,
            registryMirrors: flags.registryMirror,
          },
          progress,
        );
        progress.end();
        const { terminal } = context;
        const totalMs = progress.finished.reduce((sum, phase) => sum + phase.durationMs, 0);
        const phases = progress.finished.map((phase) => `${phase.title.toLowerCase()} ${shortDuration(phase.durationMs)}`).join(", ");
        const nodes = config.nodes.length === 1 ? "1 node" : `${config.nodes.length} nodes`;
        terminal.out(
          `${coloured(terminal, "bold", `Cluster ${config.name} is ready`)}: ${nodes} (${config.runtime}), API at ${apiAddress(config)}, in ${shortDuration(totalMs)}.\n`,
        );
        terminal.out(`  ${phases}\n`);
        // There is no way to look around from a node: it may see itself only.
        if (config.joined !== undefined) return;
        terminal.out(`Next: kubectl --context ${contextName(config.name)} get nodes   (or: skiff kubectl get nodes)\n`);
      } catch (error) {
        progress.fail();
        throw error;
      }
    });
}
