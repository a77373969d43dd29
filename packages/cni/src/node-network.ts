import { type Command, type CommandRunner, runOrThrow } from "./command-runner.ts";
import { addressAt, parseIpv4Range } from "./ip-range.ts";

/** The network that joins several nodes on one machine. */
interface NodeNetworkOptions {
  /** The name of the cluster: interfaces, namespaces and rules carry it. Lower-case letters, digits and dashes. */
  readonly cluster: string;
  /** The range that the nodes' own addresses are taken from, for example `172.30.0.0/24`. The machine has its first address. */
  readonly nodeCidr: string;
  /** How many nodes there are. */
  readonly nodes: number;
  /** Bytes. Default: what the kernel chooses. */
  readonly mtu?: number;
}

/** One node's part of the network. */
interface NodeNetworkMember {
  /** The network namespace: a file of this name lies below `/run/netns`. */
  readonly namespace: string;
  /** The node's address. */
  readonly address: string;
  /** The end of the pair that is plugged into the bridge. */
  readonly hostInterface: string;
}

/** What a {@link NodeNetworkOptions} comes to. */
interface NodeNetworkLayout {
  /** Joins the nodes, and has the machine's own address in their network. */
  readonly bridge: string;
  /** The machine's address: the nodes' default route, and where they reach the API server. */
  readonly gateway: string;
  readonly members: readonly NodeNetworkMember[];
  /** A name for the machine's own network namespace, so that a node can act there. */
  readonly machineNamespace: string;
  /** The table of nftables for the masquerading of what leaves the machine. */
  readonly table: string;
}

/** A step: what to run, and, for a step that others may have done already, how to see that. */
export interface NetworkStep {
  readonly command: Command;
  /** The step is left out when this succeeds. */
  readonly unless?: Command;
  readonly input?: string;
}

/** Names and addresses. */
export function layOutNodeNetwork(options: NodeNetworkOptions): NodeNetworkLayout {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(options.cluster)) throw new RangeError(`"${options.cluster}" is not a name for a cluster`);
  const range = parseIpv4Range(options.nodeCidr);
  const tag = interfaceTag(options.cluster);
  // The last address of the range is the broadcast address.
  const gateway = addressAt(range, 1);
  addressAt(range, options.nodes + 2);
  const members = Array.from({ length: options.nodes }, (_, index) => ({
    namespace: `skiff-${options.cluster}-${index}`,
    address: addressAt(range, index + 2),
    hostInterface: `skv-${tag}-${index}`,
  }));
  const machineNamespace = `skiff-${options.cluster}-machine`;
  return { bridge: `skb-${tag}`, gateway, members, machineNamespace, table: `skiff_nodes_${options.cluster.replaceAll("-", "_")}` };
}

/** The steps that make the network. Each can be done again. */
export function planNodeNetwork(options: NodeNetworkOptions): readonly NetworkStep[] {
  const layout = layOutNodeNetwork(options);
  const { bridge, gateway, machineNamespace } = layout;
  const { bits } = parseIpv4Range(options.nodeCidr);
  const mtu = options.mtu === undefined ? [] : ["mtu", String(options.mtu)];
  return [
    { command: ["ip", "link", "add", bridge, ...mtu, "type", "bridge"], unless: ["ip", "link", "show", "dev", bridge] },
    { command: ["ip", "address", "replace", `${gateway}/${bits}`, "dev", bridge] },
    { command: ["ip", "link", "set", "dev", bridge, "up"] },
    { command: ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"] },
    { command: ["nft", "-f", "-"], input: renderMasquerading(layout.table, options.nodeCidr, bridge) },
    // The shell lives in the namespace that gets the name.
    {
      command: ["sh", "-c", 'exec ip netns attach "$1" $$', "attach", machineNamespace],
      unless: ["test", "-e", `/run/netns/${machineNamespace}`],
    },
    ...layout.members.flatMap((member) => memberSteps(member, layout, bits, mtu)),
  ];
}

function memberSteps(
  member: NodeNetworkMember,
  { bridge, gateway }: NodeNetworkLayout,
  bits: number,
  mtu: readonly string[],
): readonly NetworkStep[] {
  const { namespace, hostInterface, address } = member;
  const inside = (...command: string[]): Command => ["ip", "-n", namespace, ...command];
  const pair: Command = ["ip", "link", "add", hostInterface, ...mtu, "type", "veth", "peer", "name", "eth0", ...mtu, "netns", namespace];
  return [
    { command: ["ip", "netns", "add", namespace], unless: ["test", "-e", `/run/netns/${namespace}`] },
    { command: pair, unless: ["ip", "link", "show", "dev", hostInterface] },
    { command: ["ip", "link", "set", "dev", hostInterface, "master", bridge, "up"] },
    { command: inside("link", "set", "dev", "lo", "up") },
    { command: inside("address", "replace", `${address}/${bits}`, "dev", "eth0") },
    { command: inside("link", "set", "dev", "eth0", "up") },
    { command: inside("route", "replace", "default", "via", gateway) },
    ...planNodeSysctls().map(({ command, unless }) => ({ command: ["ip", "netns", "exec", namespace, ...command] as const, unless })),
  ];
}

/** It forwards for its Pods, and serves NodePorts on its loopback address. */
const SYSCTLS = ["net.ipv4.ip_forward=1", "net.ipv4.conf.all.route_localnet=1"];

/** There when what passes over a bridge passes the packet filter as well. */
export const BRIDGE_FILTER_SETTING = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/**
 * What passes between two Pods on one bridge has to pass the packet filter as well, or an answer from a Pod behind a
 * Service comes from the wrong address. These exist only where the kernel has `br_netfilter` (built in, or loaded).
 */
const BRIDGE_SYSCTLS = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"];

/** Where the module is neither built in nor loaded nor to be had, the node works on without it. */
const LOAD_BRIDGE_FILTER: NetworkStep = {
  command: ["sh", "-c", "modprobe br_netfilter 2>/dev/null || true"],
  unless: ["test", "-e", BRIDGE_FILTER_SETTING],
};

/** The kernel settings that a node needs, for the network namespace that the commands run in. */
function planNodeSysctls(): readonly NetworkStep[] {
  return [
    ...SYSCTLS.map((setting): NetworkStep => ({ command: ["sysctl", "-q", "-w", setting] })),
    ...BRIDGE_SYSCTLS.map((name): NetworkStep => {
      return { command: ["sysctl", "-q", "-w", `net.bridge.${name}=1`], unless: ["test", "!", "-e", `/proc/sys/net/bridge/${name}`] };
    }),
  ];
}

/** Sets what {@link planNodeSysctls} says in our own network namespace. Errors: rejects with a `CommandError`. */
export async function applyNodeSysctls(runner: CommandRunner): Promise<void> {
  await performSteps(runner, [LOAD_BRIDGE_FILTER, ...planNodeSysctls()]);
}

/** The steps that remove everything again, whatever of it is there. */
export function planNodeNetworkRemoval(options: NodeNetworkOptions): readonly NetworkStep[] {
  const { bridge, members, machineNamespace, table } = layOutNodeNetwork(options);
  return [
    removal(["ip", "netns", "del", machineNamespace], ["test", "-e", `/run/netns/${machineNamespace}`]),
    ...members.flatMap(({ namespace, hostInterface }): readonly NetworkStep[] => [
      // Removed first: a namespace in which a process still runs lives on without its name, and its interfaces with it.
      linkRemoval(hostInterface),
      removal(["ip", "netns", "del", namespace], ["test", "-e", `/run/netns/${namespace}`]),
    ]),
    linkRemoval(bridge),
    removal(["nft", "delete", "table", "ip", table], ["nft", "list", "table", "ip", table]),
  ];
}

/** Left out unless `present` succeeds. */
function removal(command: Command, present: Command): NetworkStep {
  return { command, unless: ["sh", "-c", '! "$@" >/dev/null 2>&1', "absent", ...present] };
}

/** Removes an interface if it is there. */
export function linkRemoval(device: string): NetworkStep {
  return removal(["ip", "link", "del", device], ["ip", "link", "show", "dev", device]);
}

/** What leaves the machine from the nodes' network gets the machine's address, as behind any router. */
function renderMasquerading(table: string, nodeCidr: string, bridge: string): string {
  return [
    // Adding before deleting makes the file right whether the table is there or not; the whole file is one transaction.
    `table ip ${table} {}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    "  chain postrouting {",
    "    type nat hook postrouting priority srcnat; policy accept;",
    `    ip saddr ${nodeCidr} oifname != "${bridge}" masquerade`,
    "  }",
    "  chain forward {",
    "    type filter hook forward priority filter; policy accept;",
    `    iifname "${bridge}" accept`,
    `    oifname "${bridge}" ct state established,related accept`,
    "  }",
    "}",
    "",
  ].join("\n");
}

/** Makes and removes the network that joins several nodes on one machine. */
export class NodeNetwork {
  readonly #runner: CommandRunner;
  readonly #options: NodeNetworkOptions;
  readonly layout: NodeNetworkLayout;

  constructor(runner: CommandRunner, options: NodeNetworkOptions) {
    this.#runner = runner;
    this.#options = options;
    this.layout = layOutNodeNetwork(options);
  }

  /**
   * Idempotent.
   *
   * Errors: rejects with a `CommandError` after it has taken back what it made.
   */
  async create(): Promise<void> {
    try {
      await performSteps(this.#runner, planNodeNetwork(this.#options));
    } catch (error) {
      await this.remove().catch((removalError: unknown) => {
        throw new AggregateError([error, removalError], "the network of the nodes could neither be made nor removed", { cause: error });
      });
      throw error;
    }
  }

  /** Idempotent. Processes that run inside keep their namespace until they end, but lose their interfaces. */
  async remove(): Promise<void> {
    await performSteps(this.#runner, planNodeNetworkRemoval(this.#options));
  }
}

/** Runs the steps that are not done yet, in order. Errors: rejects with a `CommandError` at the first that fails. */
export async function performSteps(runner: CommandRunner, steps: readonly NetworkStep[]): Promise<void> {
  for (const { command, unless, input } of steps) {
    if (unless && (await runner.run(unless)).exitCode === 0) continue;
    await runOrThrow(runner, command, input);
  }
}

/**
 * The command line that runs a command inside a node's network namespace. Not `ip netns exec`: that makes a mount
 * namespace as well, and mounts made in it would be invisible to whoever takes over the containers later.
 */
export function inNetworkNamespace(namespace: string, command: readonly string[] = []): Command {
  return ["nsenter", `--net=/run/netns/${namespace}`, "--", ...command];
}

/** Six letters and digits for names of interfaces, which have room for 15: two clusters must not share them. */
export function interfaceTag(cluster: string): string {
  if (cluster.length <= 6) return cluster;
  let checksum = 0;
  for (const letter of cluster) checksum = (checksum * 31 + (letter.codePointAt(0) ?? 0)) % 36 ** 4;
  return `${cluster.slice(0, 2)}${checksum.toString(36).padStart(4, "0")}`;
}
