import { type Command, type CommandRunner, runOrThrow } from "./command-runner.ts";
import { performSteps, removal } from "./node-network.ts";

/** A way to the Pods of another node. */
export interface PodRoute {
  /** The range of that node. */
  readonly podCidr: string;
  /** The address of that node, in a network that this one is in. */
  readonly via: string;
}

/** Marks our routes in the kernel's table, so that others' are left alone: a protocol number without a meaning of its own. */
const PROTOCOL = "83";

/** The same for routes of a machine beside its clusters of several nodes, of which each has its own interface. */
const MACHINE_PROTOCOL = "84";

/** The commands that turn the routes that are there into the ones that are wanted; none when they are the same. */
export function planPodRoutes(present: readonly PodRoute[], wanted: readonly PodRoute[], protocol = PROTOCOL): readonly Command[] {
  const wantedCidrs = new Set(wanted.map(({ podCidr }) => podCidr));
  const presentVia = new Map(present.map(({ podCidr, via }) => [podCidr, via]));
  const removals = [...presentVia.keys()].filter((podCidr) => !wantedCidrs.has(podCidr)).sort();
  const changes = wanted.filter(({ podCidr, via }) => presentVia.get(podCidr) !== via);
  return [
    ...removals.map((podCidr): Command => ["ip", "-4", "route", "del", podCidr, "proto", protocol]),
    ...changes.map(({ podCidr, via }): Command => ["ip", "-4", "route", "replace", podCidr, "via", via, "proto", protocol]),
  ];
}

/** Which of the routes in a network namespace are meant: several clusters of one machine may have some in it. */
export type PodRouteScope =
  /** Those of a node, to Pods of this range (IPv4 CIDR): the cluster's. */
  | { readonly clusterCidr: string }
  /** The machine's own, by way of the interface that joins a cluster's nodes. */
  | { readonly device: string };

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
    const parsed = JSON.parse(stdout.trim() || "[]") as readonly { readonly dst?: string; readonly gateway?: string }[];
    return parsed.flatMap(({ dst, gateway }) => (dst === undefined || gateway === undefined ? [] : [{ podCidr: dst, via: gateway }]));
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

/**
 * Removes what {@link PodRoutes} of a node and the bridge plug-in made in this network namespace: the routes to other nodes'
 * Pods, and the bridge. Idempotent.
 */
export async function removePodNetwork(runner: CommandRunner, bridge: string, clusterCidr: string): Promise<void> {
  await performSteps(runner, [
    { command: ["ip", "-4", "route", "flush", "root", clusterCidr, "proto", PROTOCOL] },
    removal(["ip", "link", "del", bridge], ["ip", "link", "show", "dev", bridge]),
  ]);
}
