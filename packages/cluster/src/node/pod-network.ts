import { join } from "node:path";
import type { Node } from "@skiff/api";
import { messageOf, type Host } from "@skiff/base";
import type { Informer } from "@skiff/client";
import {
  bridgeName,
  overlayRoute,
  PodOverlay,
  renderCniConfigList,
  reachOf,
  type CommandRunner,
  type PodRoute,
  PodRoutes,
} from "@skiff/cni";
import type { HostFiles } from "@skiff/cri";
import type { NodePaths } from "../layout/cluster-paths.ts";

/** Somebody may have changed the kernel's table: after so long a change of any node is occasion to look at it again. */
const LOOK_AGAIN_MS = 60_000;

/** What a {@link PodNetwork} works on. */
interface PodNetworkOptions {
  readonly host: Host;
  readonly cluster: string;
  readonly nodeName: string;
  /** The range of all Pods of the cluster. */
  readonly clusterCidr: string;
  /** Of the node. */
  readonly address: string;
  readonly paths: NodePaths;
  readonly files: HostFiles;
  readonly runner: CommandRunner;
  readonly nodes: Informer<Node>;
}

/**
 * The network of a node's Pods: the CNI configuration once the node has its range, and routes to the Pods of the other
 * nodes, kept up as nodes come and go: by way of their addresses, or for those behind a router by way of an overlay.
 */
export class PodNetwork {
  readonly #options: PodNetworkOptions;
  readonly #routes: PodRoutes;
  #podCidr: string | undefined;
  /** What the routes were set for, and until when they are taken to be as they were set. */
  #routed: { readonly state: string; readonly untilMs: number } | undefined;
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
        await this.#setUp();
      } catch (error) {
        // The next change of any node, heartbeats included, tries again.
        this.#options.host.log.warn("the Pod network could not be set up", { error: messageOf(error) });
      }
    }
    this.#running = undefined;
  }

  async #setUp(): Promise<void> {
    const podCidr = this.podCidr();
    if (podCidr === undefined) return;
    await this.#configure(podCidr);
    await this.#route(podCidr);
  }

  async #configure(podCidr: string): Promise<void> {
    if (podCidr === this.#podCidr) return;
    const { cluster, paths, files } = this.#options;
    const text = renderCniConfigList({ name: `skiff-${cluster}`, bridge: this.bridge, podCidr, ipamDirectory: join(paths.data, "ipam") });
    await files.makeDirectory(paths.cniConfig, 0o755);
    await files.writeFile(join(paths.cniConfig, "10-skiff.conflist"), text, 0o644);
    this.#podCidr = podCidr;
  }

  async #route(podCidr: string): Promise<void> {
    const { host, nodes, nodeName, cluster, clusterCidr, address, runner } = this.#options;
    const peers = podRoutesTo(nodes.list().filter(({ metadata }) => metadata?.name !== nodeName));
    const state = JSON.stringify([podCidr, peers]);
    const nowMs = host.clock.monotonic();
    if (state === this.#routed?.state && nowMs < this.#routed.untilMs) return;
    const { direct, behindRouter, lower } = await this.#sorted(peers);
    await new PodOverlay(runner, { cluster, clusterCidr, podCidr, address }).apply(behindRouter, lower);
    await this.#routes.apply([...direct, ...behindRouter.map((peer) => overlayRoute(cluster, peer))]);
    const isWhole = direct.length + behindRouter.length === peers.length;
    this.#routed = isWhole ? { state, untilMs: nowMs + LOOK_AGAIN_MS } : undefined;
  }

  /** The nodes that routes lead to, those that need the overlay, and the interface for that; unreachable ones are left out. */
  async #sorted(peers: readonly PodRoute[]): Promise<{ direct: PodRoute[]; behindRouter: PodRoute[]; lower: string }> {
    const direct: PodRoute[] = [];
    const behindRouter: PodRoute[] = [];
    let lower = "";
    const reaches = await Promise.all(peers.map(({ via }) => reachOf(this.#options.runner, via)));
    for (const [index, peer] of peers.entries()) {
      const reach = reaches[index];
      if (reach === undefined) this.#options.host.log.warn("a node cannot be reached", { address: peer.via, pods: peer.podCidr });
      else if (reach.isDirect) direct.push(peer);
      else {
        behindRouter.push(peer);
        lower ||= reach.device;
      }
    }
    return { direct, behindRouter, lower };
  }
}

/** The routes to the Pods of these nodes, as far as they have addresses and ranges yet. */
export function podRoutesTo(nodes: readonly Node[]): PodRoute[] {
  return nodes.flatMap(({ spec, status }) => {
    const via = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    return via === undefined || spec?.podCIDR === undefined ? [] : [{ podCidr: spec.podCIDR, via }];
  });
}
