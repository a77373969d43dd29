import { type Command, type CommandRunner, runOrThrow } from "./command-runner.ts";

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
    ...removals.map((podCidr): Command => ["ip", ...family(podCidr), "route", "del", podCidr, "proto", protocol]),
    ...changes.map(({ podCidr, via }): Command => ["ip", ...family(podCidr), "route", "replace", podCidr, "via", via, "proto", protocol]),
  ];
}

/** The routes to other nodes' Pods in this network namespace. */
export class PodRoutes {
  readonly #runner: CommandRunner;
  readonly #device: readonly string[];
  readonly #protocol: string;

  /** With `device`, the machine's own routes by way of the interface that joins a cluster's nodes; else those of a node. */
  constructor(runner: CommandRunner, device?: string) {
    this.#runner = runner;
    this.#device = device === undefined ? [] : ["dev", device];
    this.#protocol = device === undefined ? PROTOCOL : MACHINE_PROTOCOL;
  }

  /** Our routes that are there now. */
  async list(): Promise<readonly PodRoute[]> {
    const routes: PodRoute[] = [];
    for (const flags of [["-4"], ["-6"]]) {
      const stdout = await runOrThrow(this.#runner, ["ip", ...flags, "-json", "route", "show", ...this.#device, "proto", this.#protocol]);
      const parsed = JSON.parse(stdout.trim() || "[]") as readonly { readonly dst?: string; readonly gateway?: string }[];
      for (const { dst, gateway } of parsed) if (dst !== undefined && gateway !== undefined) routes.push({ podCidr: dst, via: gateway });
    }
    return routes;
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

function family(address: string): readonly string[] {
  return address.includes(":") ? ["-6"] : ["-4"];
}
