import { describe, expect, it } from "vitest";
import type { CommandOutcome, CommandRunner } from "./command-runner.ts";
import {
  inNetworkNamespace,
  layOutNodeNetwork,
  type NetworkStep,
  NodeNetwork,
  planNodeNetwork,
  planNodeNetworkRemoval,
} from "./node-network.ts";

const OPTIONS = { cluster: "dev", nodeCidr: "172.30.0.0/24", nodes: 2 };

const print = (steps: readonly NetworkStep[]): string =>
  steps
    .map(({ command, unless, input }) => `${unless ? `[${unless.join(" ")}] || ` : ""}${command.join(" ")}${input ? `\n${input}` : ""}`)
    .join("\n");

describe("the network of several nodes on one machine", () => {
  it("is made so", () => {
    expect(print(planNodeNetwork(OPTIONS))).toMatchInlineSnapshot(`
      "[ip link show dev skb-dev] || ip link add skb-dev type bridge
      ip address replace 172.30.0.1/24 dev skb-dev
      ip link set dev skb-dev up
      sysctl -q -w net.ipv4.ip_forward=1
      nft -f -
      table ip skiff_nodes_dev {}
      delete table ip skiff_nodes_dev
      table ip skiff_nodes_dev {
        chain postrouting {
          type nat hook postrouting priority srcnat; policy accept;
          ip saddr 172.30.0.0/24 oifname != "skb-dev" masquerade
        }
        chain forward {
          type filter hook forward priority filter; policy accept;
          iifname "skb-dev" accept
          oifname "skb-dev" ct state established,related accept
        }
      }

      [test -e /run/netns/skiff-dev-machine] || sh -c exec ip netns attach "$1" $$ attach skiff-dev-machine
      [test -e /run/netns/skiff-dev-0] || ip netns add skiff-dev-0
      [ip link show dev skv-dev-0] || ip link add skv-dev-0 type veth peer name eth0 netns skiff-dev-0
      ip link set dev skv-dev-0 master skb-dev up
      ip -n skiff-dev-0 link set dev lo up
      ip -n skiff-dev-0 address replace 172.30.0.2/24 dev eth0
      ip -n skiff-dev-0 link set dev eth0 up
      ip -n skiff-dev-0 route replace default via 172.30.0.1
      ip netns exec skiff-dev-0 sysctl -q -w net.ipv4.ip_forward=1
      ip netns exec skiff-dev-0 sysctl -q -w net.ipv4.conf.all.route_localnet=1
      [test ! -e /proc/sys/net/bridge/bridge-nf-call-iptables] || ip netns exec skiff-dev-0 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
      [test ! -e /proc/sys/net/bridge/bridge-nf-call-ip6tables] || ip netns exec skiff-dev-0 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1
      [test -e /run/netns/skiff-dev-1] || ip netns add skiff-dev-1
      [ip link show dev skv-dev-1] || ip link add skv-dev-1 type veth peer name eth0 netns skiff-dev-1
      ip link set dev skv-dev-1 master skb-dev up
      ip -n skiff-dev-1 link set dev lo up
      ip -n skiff-dev-1 address replace 172.30.0.3/24 dev eth0
      ip -n skiff-dev-1 link set dev eth0 up
      ip -n skiff-dev-1 route replace default via 172.30.0.1
      ip netns exec skiff-dev-1 sysctl -q -w net.ipv4.ip_forward=1
      ip netns exec skiff-dev-1 sysctl -q -w net.ipv4.conf.all.route_localnet=1
      [test ! -e /proc/sys/net/bridge/bridge-nf-call-iptables] || ip netns exec skiff-dev-1 sysctl -q -w net.bridge.bridge-nf-call-iptables=1
      [test ! -e /proc/sys/net/bridge/bridge-nf-call-ip6tables] || ip netns exec skiff-dev-1 sysctl -q -w net.bridge.bridge-nf-call-ip6tables=1"
    `);
  });

  it("is removed so", () => {
    expect(print(planNodeNetworkRemoval(OPTIONS))).toMatchInlineSnapshot(`
      "[sh -c ! "$@" >/dev/null 2>&1 absent test -e /run/netns/skiff-dev-machine] || ip netns del skiff-dev-machine
      [sh -c ! "$@" >/dev/null 2>&1 absent ip link show dev skv-dev-0] || ip link del skv-dev-0
      [sh -c ! "$@" >/dev/null 2>&1 absent test -e /run/netns/skiff-dev-0] || ip netns del skiff-dev-0
      [sh -c ! "$@" >/dev/null 2>&1 absent ip link show dev skv-dev-1] || ip link del skv-dev-1
      [sh -c ! "$@" >/dev/null 2>&1 absent test -e /run/netns/skiff-dev-1] || ip netns del skiff-dev-1
      [sh -c ! "$@" >/dev/null 2>&1 absent ip link show dev skb-dev] || ip link del skb-dev
      [sh -c ! "$@" >/dev/null 2>&1 absent nft list table ip skiff_nodes_dev] || nft delete table ip skiff_nodes_dev"
    `);
  });

  it("has names that the kernel takes, of its own for each cluster", () => {
    const names = ["dev", "a-cluster-with-a-long-name-1", "a-cluster-with-a-long-name-2"].flatMap((cluster) => {
      const { bridge, members } = layOutNodeNetwork({ ...OPTIONS, cluster, nodes: 100 });
      return [bridge, ...members.map(({ hostInterface }) => hostInterface)];
    });
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
  });

  it.each([
    ["more nodes than addresses", { nodeCidr: "10.0.0.0/30", nodes: 2 }],
    ["a name that is none", { cluster: "a; rm -rf" }],
    ["a range that is none", { nodeCidr: "10.0.0.0" }],
  ])("refuses %s", (_, change) => {
    expect(() => layOutNodeNetwork({ ...OPTIONS, ...change })).toThrow(RangeError);
  });

  it("leaves steps out that were taken before", async () => {
    const { runner, commands } = runnerWhere(() => 0);
    await new NodeNetwork(runner, OPTIONS).create();
    expect(commands.filter((line) => / add /.test(line))).toEqual([]);
  });

  it("takes back what it made when a step fails", async () => {
    const { runner, commands } = runnerWhere((line) => (line.startsWith("nft -f") || line.startsWith("ip link show") ? 1 : 0));
    await expect(new NodeNetwork(runner, OPTIONS).create()).rejects.toThrow("nft -f - failed with exit code 1");
    expect(commands.slice(commands.indexOf("nft -f -") + 1).every((line) => /^sh -c|^ip (link|netns) del|^nft delete/.test(line))).toBe(
      true,
    );
  });

  it("is entered without a mount namespace", () => {
    expect(inNetworkNamespace("skiff-dev-0", ["node", "a.js"])).toEqual(["nsenter", "--net=/run/netns/skiff-dev-0", "--", "node", "a.js"]);
  });
});

function runnerWhere(exitCodeOf: (line: string) => number): { readonly runner: CommandRunner; readonly commands: string[] } {
  const commands: string[] = [];
  const run = async (command: readonly string[]): Promise<CommandOutcome> => {
    const line = command.join(" ");
    commands.push(line);
    return { exitCode: exitCodeOf(line), stdout: "", stderr: "" };
  };
  return { runner: { run }, commands };
}
