import { type Command, type CommandRunner, runOrThrow } from "./command-runner.ts";
import { addressAt, parseIpv4Range } from "./ip-range.ts";
import { interfaceTag, linkRemoval, type NetworkStep } from "./node-network.ts";
import type { PodRoute } from "./pod-routes.ts";

/** The node whose end of the overlay is meant. */
interface PodOverlayOptions {
  readonly cluster: string;
  /** The range of all Pods of the cluster. */
  readonly clusterCidr: string;
  /** The range of this node's Pods. */
  readonly podCidr: string;
  /** The address of this node, from which others get its packets. */
  readonly address: string;
}

/** What {@link PodOverlay} makes of its options. Nothing of it has to be agreed on: every node works it out in the same way. */
interface OverlayLayout {
  readonly device: string;
  /** Of the overlay, among others in the same network. */
  readonly id: number;
  /** The node's own end: the first address of its range, which no Pod gets. */
  readonly end: string;
  readonly mac: string;
}

/** The port that Linux and flannel have for VXLAN. */
const PORT = "8472";
/** What VXLAN over IPv4 adds to a packet, in bytes. */
const OVERHEAD_BYTES = 50;

/** The interface of the overlay. */
export function overlayInterface(cluster: string): string {
  return `skx-${interfaceTag(cluster)}`;
}

/** The first address of a range of Pods. */
function overlayEnd(podCidr: string): string {
  return addressAt(parseIpv4Range(podCidr), 0);
}

/** The hardware address of the end with this address: locally administered, and unique in the cluster as the address is. */
export function overlayMac(end: string): string {
  return ["0e", "53", ...end.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"))].join(":");
}

/** The way to the Pods of a node that is reached by the overlay. */
export function overlayRoute(cluster: string, { podCidr }: PodRoute): PodRoute {
  return { podCidr, via: overlayEnd(podCidr), device: overlayInterface(cluster) };
}

/** The commands that let the overlay know its other ends and forget those that are gone; `present` are nodes' addresses by hardware address. */
export function planOverlayPeers(device: string, present: ReadonlyMap<string, string>, peers: readonly PodRoute[]): readonly Command[] {
  const wanted = new Map(peers.map(({ podCidr, via }) => [overlayMac(overlayEnd(podCidr)), { via, end: overlayEnd(podCidr) }]));
  const commands: Command[] = [];
  for (const [mac, via] of present) {
    if (wanted.has(mac)) continue;
    // Not del, which fails for what is gone already.
    commands.push(["ip", "neigh", "flush", "to", endOf(mac), "dev", device, "nud", "permanent"]);
    commands.push(["bridge", "fdb", "del", mac, "dev", device, "dst", via]);
  }
  for (const [mac, { via, end }] of wanted) {
    if (present.get(mac) === via) continue;
    // The entry that is looked for comes last: what is cut short is done again.
    commands.push(["ip", "neigh", "replace", end, "lladdr", mac, "dev", device, "nud", "permanent"]);
    commands.push(["bridge", "fdb", "replace", mac, "dev", device, "dst", via]);
  }
  return commands;
}

/** The step that takes the overlay of a cluster away, routes by way of it included. */
export function overlayRemoval(cluster: string): NetworkStep {
  const device = overlayInterface(cluster);
  return linkRemoval(device);
}

/**
 * A VXLAN to the nodes that are behind a router, where a route by way of the node's address cannot lead. Nodes that need it for
 * one another both make it.
 */
export class PodOverlay {
  readonly #runner: CommandRunner;
  readonly #options: PodOverlayOptions;
  readonly #layout: OverlayLayout;

  constructor(runner: CommandRunner, options: PodOverlayOptions) {
    this.#runner = runner;
    this.#options = options;
    const end = overlayEnd(options.podCidr);
    this.#layout = {
      device: overlayInterface(options.cluster),
      // Sixteen bits tell the ranges of clusters apart; one machine is never in two clusters that share one.
      id: Math.floor(parseIpv4Range(options.clusterCidr).base / 2 ** 16),
      end,
      mac: overlayMac(end),
    };
  }

  /**
   * Makes exactly these nodes reachable by the overlay, which goes by way of the interface `lower`; without any there is none.
   * Idempotent.
   *
   * Errors: rejects with a `CommandError`.
   */
  async apply(peers: readonly PodRoute[], lower: string): Promise<void> {
    const { device } = this.#layout;
    const isThere = await this.#isThere();
    if (peers.length === 0) {
      if (isThere) await runOrThrow(this.#runner, ["ip", "link", "del", device]);
      return;
    }
    if (!isThere) await this.#create(lower);
    const parsed = JSON.parse((await runOrThrow(this.#runner, ["bridge", "-json", "fdb", "show", "dev", device])).trim() || "[]") as {
      readonly mac?: string;
      readonly dst?: string;
    }[];
    const present = new Map(parsed.flatMap(({ mac, dst }) => (mac === undefined || dst === undefined ? [] : [[mac, dst] as const])));
    for (const command of planOverlayPeers(device, present, peers)) await runOrThrow(this.#runner, command);
  }

  /** Whether it is there as this node needs it; one from an earlier address of the node is taken away. */
  async #isThere(): Promise<boolean> {
    const { device, id, mac } = this.#layout;
    const { exitCode, stdout } = await this.#runner.run(["ip", "-json", "-details", "link", "show", "dev", device]);
    if (exitCode !== 0) return false;
    const [link] = JSON.parse(stdout) as {
      readonly address?: string;
      readonly linkinfo?: { readonly info_data?: { readonly id?: number; readonly local?: string } };
    }[];
    const { id: foundId, local } = link?.linkinfo?.info_data ?? {};
    if (link?.address === mac && foundId === id && local === this.#options.address) return true;
    await runOrThrow(this.#runner, ["ip", "link", "del", device]);
    return false;
  }

  async #create(lower: string): Promise<void> {
    const { device, id, end, mac } = this.#layout;
    const [link] = JSON.parse(await runOrThrow(this.#runner, ["ip", "-json", "link", "show", "dev", lower])) as { readonly mtu?: number }[];
    const mtu = String((link?.mtu ?? 1500) - OVERHEAD_BYTES);
    const vxlan = ["type", "vxlan", "id", String(id), "dstport", PORT, "local", this.#options.address, "nolearning"];
    const commands: Command[] = [
      // Not up before it is complete: a device that is cut short here is made anew, for its hardware address is not right.
      ["ip", "link", "add", device, "mtu", mtu, ...vxlan],
      ["ip", "link", "set", "dev", device, "addrgenmode", "none"],
      ["ip", "address", "add", `${end}/32`, "dev", device],
      ["ip", "link", "set", "dev", device, "address", mac, "up"],
    ];
    for (const command of commands) await runOrThrow(this.#runner, command);
  }
}

function endOf(mac: string): string {
  return mac
    .split(":")
    .slice(2)
    .map((octet) => Number.parseInt(octet, 16))
    .join(".");
}
