import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CertificateAndKey } from "@skiff/apiserver";
import { messageOf, type Host } from "@skiff/base";
import {
  bridgeName,
  createLoadBalancerNetwork,
  NodeNetwork,
  nodeCommandRunner,
  removeLoadBalancerNetwork,
  removePodNetwork,
} from "@skiff/cni";
import { cleanUpContainerd, nodeHostFiles, NodeProcessSpawner, removeAllSandboxes, removeControlGroups } from "@skiff/cri";
import { NftPacketFilter } from "@skiff/nftables";
import { writeFileAtomically } from "../layout/atomic-file.ts";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths, type NodePaths } from "../layout/cluster-paths.ts";
import { containerdOptions, nodeCgroup, policyTable, proxyTable, supervisorDirectory } from "../node/containerd-layout.ts";
import { containerdOf } from "../node/node-process.ts";
import { advertisedAddress } from "./api-addresses.ts";
import { apiAddress } from "./cluster-status.ts";
import type { NodeNetworks } from "./node-networks.ts";

/** The {@link NodeNetworks} of a Linux machine. */
export function machineNodeNetworks(host: Host): NodeNetworks {
  return new MachineNodeNetworks(host);
}

/** The bridge that joins several nodes on one machine; absent for a single one, which lives in the machine's own network. */
export function joinedNodes(config: ClusterConfig): NodeNetwork | undefined {
  if (config.runtime !== "containerd" || config.nodes.length < 2) return undefined;
  return new NodeNetwork(nodeCommandRunner, { cluster: config.name, nodeCidr: config.network.nodeCidr, nodes: config.nodes.length });
}

class MachineNodeNetworks implements NodeNetworks {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  async create(config: ClusterConfig, _paths: ClusterPaths): Promise<void> {
    await joinedNodes(config)?.create();
    if (config.runtime !== "containerd") return;
    await createLoadBalancerNetwork(nodeCommandRunner, { cluster: config.name, cidr: config.network.loadBalancerCidr });
  }

  async remove(config: ClusterConfig, _paths: ClusterPaths): Promise<void> {
    if (config.runtime !== "containerd") return;
    const joined = joinedNodes(config);
    await removeLoadBalancerNetwork(nodeCommandRunner, config.name);
    for (const table of [proxyTable(config.name), policyTable(config.name)]) await new NftPacketFilter().removeTable(table);
    if (joined !== undefined) {
      await joined.remove();
      return;
    }
    const [node = ""] = config.nodes;
    const { clusterCidr } = config.network;
    await removePodNetwork(nodeCommandRunner, { cluster: config.name, bridge: bridgeName(config.name, node), clusterCidr });
  }

  async stopRuntimes(config: ClusterConfig, paths: ClusterPaths): Promise<void> {
    if (config.runtime !== "containerd") return;
    await Promise.all(config.nodes.map((node) => this.#stopRuntime(config, nodePaths(paths, node), node)));
    const spawner = new NodeProcessSpawner(this.#host.clock);
    await removeControlGroups({ spawner, files: nodeHostFiles }, `/skiff-${config.name}`);
  }

  async releaseMounts(config: ClusterConfig, paths: ClusterPaths): Promise<void> {
    if (config.runtime !== "containerd") return;
    const spawner = new NodeProcessSpawner(this.#host.clock);
    for (const node of config.nodes) {
      const own = nodePaths(paths, node);
      await cleanUpContainerd({ clock: this.#host.clock, spawner, files: nodeHostFiles }, containerdOptions(own));
    }
    await this.#unmountBelow(paths.data, spawner);
  }

  address(config: ClusterConfig, node: string): string {
    const joined = joinedNodes(config);
    return joined?.layout.members[config.nodes.indexOf(node)]?.address ?? advertisedAddress(config);
  }

  namespace(config: ClusterConfig, node: string): string | undefined {
    return joinedNodes(config)?.layout.members[config.nodes.indexOf(node)]?.namespace;
  }

  apiServer(config: ClusterConfig): string {
    const joined = joinedNodes(config);
    return joined === undefined ? apiAddress(config) : `https://${joined.layout.gateway}:${config.apiPort}`;
  }

  runtimePid(paths: ClusterPaths, node: string): number | undefined {
    const file = join(supervisorDirectory(nodePaths(paths, node)), "containerd.pid");
    if (!existsSync(file)) return undefined;
    const pid = Number.parseInt(/\d+/.exec(readFileSync(file, "utf8"))?.[0] ?? "", 10);
    return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
  }

  writeServingCertificate(paths: NodePaths, certificate: CertificateAndKey): void {
    writeFileAtomically(paths.servingKey, certificate.privateKeyPem, 0o600);
    writeFileAtomically(paths.servingCertificate, certificate.certificatePem, 0o644);
  }

  async #stopRuntime(config: ClusterConfig, own: NodePaths, node: string): Promise<void> {
    if (!existsSync(own.containerdRun)) return;
    // Taking over the one that runs is the same as starting it, so that containers are stopped the clean way even after a crash.
    const { supervisor, runtime } = await containerdOf(this.#host, own);
    try {
      await supervisor.start();
      await removeAllSandboxes(runtime);
    } catch (error) {
      this.#host.log.warn("the containers of a node could not be stopped in order", { node, error: messageOf(error) });
    }
    await supervisor.stop();
    await runtime.close();
    const spawner = new NodeProcessSpawner(this.#host.clock);
    await removeControlGroups({ spawner, files: nodeHostFiles }, nodeCgroup(config.name, node));
  }

  async #unmountBelow(folder: string, spawner: NodeProcessSpawner): Promise<void> {
    const table = existsSync("/proc/self/mounts") ? readFileSync("/proc/self/mounts", "utf8") : "";
    const targets = table.split("\n").flatMap((line) => {
      const target = (line.split(" ")[1] ?? "").replace(/\\040/g, " ");
      return target.startsWith(`${folder}/`) ? [target] : [];
    });
    // The deepest first: what is mounted last hides what lies below.
    for (const target of targets.reverse()) await spawner.run("umount", [target], { timeoutMs: 10_000 });
  }
}
