import { join } from "node:path";
import type { Node } from "@skiff/api";
import { messageOf, type Host } from "@skiff/base";
import type { Informer } from "@skiff/client";
import { bridgeName, renderCniConfigList, type CommandRunner, type PodRoute, PodRoutes } from "@skiff/cni";
import type { HostFiles } from "@skiff/cri";
import type { NodePaths } from "../layout/cluster-paths.ts";

/** What a {@link PodNetwork} works on. */
interface PodNetworkOptions {
  readonly host: Host;
  readonly cluster: string;
  readonly nodeName: string;
  /** The range of all Pods of the cluster. */
  readonly clusterCidr: string;
  readonly paths: NodePaths;
  readonly files: HostFiles;
  readonly runner: CommandRunner;
  readonly nodes: Informer<Node>;
}

/**
 * The network of a node's Pods: the CNI configuration once the node has its range, and routes to the Pods of the other
 * nodes, kept up as nodes come and go.
 */
export class PodNetwork {
  readonly #options: PodNetworkOptions;
  readonly #routes: PodRoutes;
  #podCidr: string | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #unsubscribe = (): void => {};

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    this.#routes = new PodRoutes(options.runner, { clusterCidr: options.clusterCidr });
  }

  /** The bridge that the node's Pods are plugged into. */
  get bridge(): string {
    return bridgeName(this.#options.cluster, this.#options.nodeName);
  }

  /** Begins to follow the nodes. */
  start(): void {
    this.#unsubscribe = this.#options.nodes.onChange(() => this.#trigger());
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#running;
  }

  /** The node's own range, once the API has given it one. */
  podCidr(): string | undefined {
    return this.#options.nodes.get(this.#options.nodeName)?.spec?.podCIDR;
  }

  #trigger(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#configure();
        await this.#route();
      } catch (error) {
        // The next change of any node, heartbeats included, tries again.
        this.#options.host.log.warn("the Pod network could not be set up", { error: messageOf(error) });
      }
    }
    this.#running = undefined;
  }

  async #configure(): Promise<void> {
    const podCidr = this.podCidr();
    if (podCidr === undefined || podCidr === this.#podCidr) return;
    const { cluster, paths, files } = this.#options;
    const text = renderCniConfigList({ name: `skiff-${cluster}`, bridge: this.bridge, podCidr, ipamDirectory: join(paths.data, "ipam") });
    await files.makeDirectory(paths.cniConfig, 0o755);
    await files.writeFile(join(paths.cniConfig, "10-skiff.conflist"), text, 0o644);
    this.#podCidr = podCidr;
  }

  async #route(): Promise<void> {
    const { nodes, nodeName } = this.#options;
    await this.#routes.apply(podRoutesTo(nodes.list().filter(({ metadata }) => metadata?.name !== nodeName)));
  }
}

/** The routes to the Pods of these nodes, as far as they have addresses and ranges yet. */
export function podRoutesTo(nodes: readonly Node[]): PodRoute[] {
  return nodes.flatMap(({ spec, status }) => {
    const via = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    return via === undefined || spec?.podCIDR === undefined ? [] : [{ podCidr: spec.podCIDR, via }];
  });
}
