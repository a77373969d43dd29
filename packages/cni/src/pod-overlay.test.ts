import { describe, expect, it } from "vitest";
import type { CommandOutcome, CommandRunner } from "./command-runner.ts";
import { overlayMac, overlayRoute, planOverlayPeers, PodOverlay } from "./pod-overlay.ts";
import { reachOf } from "./pod-routes.ts";

const B = { podCidr: "10.244.1.0/24", via: "192.0.2.2" };
const C = { podCidr: "10.244.2.0/24", via: "198.51.100.3" };
const MAC_B = "0e:53:0a:f4:01:00";
const MAC_C = "0e:53:0a:f4:02:00";
const OPTIONS = { cluster: "dev", clusterCidr: "10.244.0.0/16", podCidr: "10.244.0.0/24", address: "203.0.113.1" };

it("gives every end an address and a hardware address that follow from its range", () => {
  expect(overlayRoute("dev", C)).toEqual({ podCidr: "10.244.2.0/24", via: "10.244.2.0", device: "skx-dev" });
  expect(overlayMac("10.244.2.0")).toBe(MAC_C);
});

describe("the other ends", () => {
  it.each<[string, [string, string][], (typeof B)[], string[]]>([
    ["stay as they are", [[MAC_B, B.via]], [B], []],
    [
      "become known",
      [[MAC_B, B.via]],
      [B, C],
      [`ip neigh replace 10.244.2.0 lladdr ${MAC_C} dev skx-dev nud permanent`, `bridge fdb replace ${MAC_C} dev skx-dev dst 198.51.100.3`],
    ],
    [
      "are forgotten",
      [
        [MAC_B, B.via],
        [MAC_C, C.via],
      ],
      [B],
      ["ip neigh flush to 10.244.2.0 dev skx-dev nud permanent", `bridge fdb del ${MAC_C} dev skx-dev dst 198.51.100.3`],
    ],
    [
      "move",
      [[MAC_B, "192.0.2.9"]],
      [B],
      [`ip neigh replace 10.244.1.0 lladdr ${MAC_B} dev skx-dev nud permanent`, `bridge fdb replace ${MAC_B} dev skx-dev dst 192.0.2.2`],
    ],
  ])("%s", (_what, present, peers, expected) => {
    expect(planOverlayPeers("skx-dev", new Map(present), peers).map((command) => command.join(" "))).toEqual(expected);
  });
});

/** Answers each command with what is given for its beginning, and notes those that change something. */
function scripted(answers: Readonly<Record<string, Partial<CommandOutcome>>>): { runner: CommandRunner; changes: string[] } {
  const changes: string[] = [];
  const runner: CommandRunner = {
    async run(command) {
      const line = command.join(" ");
      const key = Object.keys(answers).find((start) => line.startsWith(start));
      if (!line.includes(" show ")) changes.push(line);
      return { exitCode: 0, stdout: "", stderr: "", ...(key === undefined ? {} : answers[key]) };
    },
  };
  return { runner, changes };
}

describe("the overlay", () => {
  const details = "ip -json -details link show";
  const link = (local: string): Partial<CommandOutcome> => ({
    stdout: JSON.stringify([{ address: "0e:53:0a:f4:00:00", linkinfo: { info_data: { id: 2804, local } } }]),
  });

  it("is made for the first node that needs it, with room for its headers", async () => {
    const { runner, changes } = scripted({ [details]: { exitCode: 1 }, "ip -json link show": { stdout: '[{"mtu":1400}]' } });
    await new PodOverlay(runner, OPTIONS).apply([B], "eth0");
    expect(changes).toEqual([
      "ip link add skx-dev mtu 1350 type vxlan id 2804 dstport 8472 local 203.0.113.1 nolearning",
      "ip link set dev skx-dev addrgenmode none",
      "ip address add 10.244.0.0/32 dev skx-dev",
      "ip link set dev skx-dev address 0e:53:0a:f4:00:00 up",
      `ip neigh replace 10.244.1.0 lladdr ${MAC_B} dev skx-dev nud permanent`,
      `bridge fdb replace ${MAC_B} dev skx-dev dst 192.0.2.2`,
    ]);
  });

  it("stays when nothing changes, and goes with the last node that needs it", async () => {
    const fdb = { stdout: JSON.stringify([{ mac: MAC_B, dst: B.via, state: "permanent" }, { mac: "33:33:00:00:00:01" }]) };
    const { runner, changes } = scripted({ [details]: link(OPTIONS.address), "bridge -json fdb show": fdb });
    const overlay = new PodOverlay(runner, OPTIONS);
    await overlay.apply([B], "eth0");
    expect(changes).toEqual([]);
    await overlay.apply([], "");
    expect(changes).toEqual(["ip link del skx-dev"]);
  });

  it("is made anew when it has an address that the node has no more", async () => {
    const { runner, changes } = scripted({ [details]: link("203.0.113.9"), "ip -json link show": { stdout: "[{}]" } });
    await new PodOverlay(runner, OPTIONS).apply([B], "eth0");
    expect(changes.slice(0, 2)).toEqual([
      "ip link del skx-dev",
      "ip link add skx-dev mtu 1450 type vxlan id 2804 dstport 8472 local 203.0.113.1 nolearning",
    ]);
  });

  it("is not missed where no node needs it", async () => {
    const { runner, changes } = scripted({ [details]: { exitCode: 1 } });
    await new PodOverlay(runner, OPTIONS).apply([], "");
    expect(changes).toEqual([]);
  });
});

it.each([
  ["in the same network", { stdout: '[{"dst":"192.0.2.2","dev":"eth0"}]' }, { isDirect: true, device: "eth0" }],
  ["behind a router", { stdout: '[{"dst":"192.0.2.2","gateway":"203.0.113.254","dev":"eth0"}]' }, { isDirect: false, device: "eth0" }],
  ["nowhere", { exitCode: 2, stderr: "RTNETLINK answers: Network is unreachable" }, undefined],
])("sees that a node is %s", async (_where, answer, expected) => {
  expect(await reachOf(scripted({ "ip -4 -json route get 192.0.2.2": answer }).runner, "192.0.2.2")).toEqual(expected);
});
