import { type Command, type CommandRunner, runOrThrow } from "./command-runner.ts";
import type { NetworkStep } from "./node-network.ts";

/** A way to the Pods of another node. */
export interface PodRoute {
  /** The range of that node. */
  readonly podCidr: string;
  /** The address of that node, in a network that this one is in. */
  readonly via: string;
  /** The interface behind which `via` is, although this node is in no network with it: an overlay. */
  readonly device?: string;
}

/** Marks our routes in the kernel's table, so that others' are left alone: a protocol number without a meaning of its own. */
const PROTOCOL = "83";

/** The same for routes of a machine beside its clusters of several nodes, of which each has its own interface. */
const MACHINE_PROTOCOL = "84";

/** The commands that turn the routes that are there into the ones that are wanted; none when they are the same. */
export function planPodRoutes(present: readonly PodRoute[], wanted: readonly PodRoute[], protocol = PROTOCOL): readonly Command[] {
  const wantedCidrs = new Set(wanted.map(({ podCidr }) => podCidr));
  const presentWays = new Map(present.map((route) => [route.podCidr, wayOf(route).join(" ")]));
  const removals = [...presentWays.keys()].filter((podCidr) => !wantedCidrs.has(podCidr)).sort();
  const changes = wanted.filter((route) => presentWays.get(route.podCidr) !== wayOf(route).join(" "));
  return [
    ...removals.map((podCidr): Command => ["ip", "-4", "route", "del", podCidr, "proto", protocol]),
    ...changes.map((route): Command => ["ip", "-4", "route", "replace", route.podCidr, ...wayOf(route), "proto", protocol]),
  ];
}

function wayOf({ via, device }: PodRoute): readonly string[] {
  return ["via", via, ...(device === undefined ? [] : ["dev", device, "onlink"])];
}

/** Which of the routes in a network namespace are meant: several clusters of one machine may have some in it. */
type PodRouteScope =
  /** Those of a node, to Pods of this range (IPv4 CIDR): the cluster's. */
  | { readonly clusterCidr: string }
  /** The machine's own, by way of the interface that joins a cluster's nodes. */
  | { readonly device: string };

/** A route as `ip -json` prints it. */
interface KernelRoute {
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly flags?: readonly string[];
}

/** How a node reaches an address: in a network that both are in, or by way of a router. */
interface Reach {
  readonly isDirect: boolean;
  /** The interface that leads there. */
  readonly device: string;
}

/** How the address of another node is reached; `undefined` when nothing leads there now. */
export async function reachOf(runner: CommandRunner, address: string): Promise<Reach | undefined> {
  const { exitCode, stdout } = await runner.run(["ip", "-4", "-json", "route", "get", address]);
  const [route] = exitCode === 0 ? (JSON.parse(stdout) as readonly KernelRoute[]) : [];
  return route?.dev === undefined ? undefined : { isDirect: route.gateway === undefined, device: route.dev };
}

/** The routes to other nodes' Pods in this network namespace. */
export class PodRoutes {
  readonly #runner: CommandRunner;
  readonly #scope: readonly string[];
  readonly #protocol: string;

  constructor(runner: CommandRunner, scope: PodRouteScope) {
    this.#runner = runner;
    this.#scope = "device" in scope ? ["dev", scope.device] : ["root", scope.clusterCidr];
    this.#protocol = "device" in scope ? MACHINE_PROTOCOL : PROTOCOL;
  }

  /** Our routes that are there now. */
  async list(): Promise<readonly PodRoute[]> {
    const stdout = await runOrThrow(this.#runner, ["ip", "-4", "-json", "route", "show", ...this.#scope, "proto", this.#protocol]);
    const parsed = JSON.parse(stdout.trim() || "[]") as readonly KernelRoute[];
    return parsed.flatMap(({ dst, gateway, dev, flags = [] }) => {
      if (dst === undefined || gateway === undefined) return [];
      return [{ podCidr: dst, via: gateway, ...(flags.includes("onlink") && dev !== undefined ? { device: dev } : {}) }];
    });
  }

  /**
   * Makes the routes exactly `wanted`; a second time it changes nothing.
   *
   * Errors: rejects with a `CommandError` when the kernel refuses one, for example when a node cannot be reached.
   */
  async apply(wanted: readonly PodRoute[]): Promise<void> {
    for (const command of planPodRoutes(await this.list(), wanted, this.#protocol)) await runOrThrow(this.#runner, command);
  }
}

/** The step that takes away every route of a node to other nodes' Pods of the cluster with this range. */
export function podRouteRemoval(clusterCidr: string): NetworkStep {
  return { command: ["ip", "-4", "route", "flush", "root", clusterCidr, "proto", PROTOCOL] };
}
