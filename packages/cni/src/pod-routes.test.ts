import { describe, expect, it } from "vitest";
import { CommandError, type CommandRunner } from "./command-runner.ts";
import { planPodRoutes, PodRoutes } from "./pod-routes.ts";

const A = { podCidr: "10.244.1.0/24", via: "172.30.0.3" };
const OVERLAID = { dst: "10.244.3.0/24", gateway: "10.244.3.0", dev: "skx-test", flags: ["onlink"] };
const B = { podCidr: "10.244.2.0/24", via: "172.30.0.4" };

describe("planPodRoutes", () => {
  it.each([
    ["nothing when all is as it should be", [A, B], [B, A], []],
    ["a new route", [A], [A, B], ["ip -4 route replace 10.244.2.0/24 via 172.30.0.4 proto 83"]],
    ["a node that is gone", [A, B], [B], ["ip -4 route del 10.244.1.0/24 proto 83"]],
    ["a node that moved", [A], [{ ...A, via: "172.30.0.9" }], ["ip -4 route replace 10.244.1.0/24 via 172.30.0.9 proto 83"]],
    [
      "a node behind a router",
      [A],
      [{ podCidr: A.podCidr, via: "10.244.1.0", device: "skx-test" }],
      ["ip -4 route replace 10.244.1.0/24 via 10.244.1.0 dev skx-test onlink proto 83"],
    ],
  ])("plans %s", (_, present, wanted, expected) => {
    expect(planPodRoutes(present, wanted).map((command) => command.join(" "))).toEqual(expected);
  });
});

describe("PodRoutes", () => {
  it("changes what differs from the kernel's table", async () => {
    const commands: string[] = [];
    const runner: CommandRunner = {
      async run(command) {
        commands.push(command.join(" "));
        return {
          exitCode: 0,
          stdout: command.includes("show") ? JSON.stringify([{ dst: A.podCidr, gateway: A.via, dev: "eth0", flags: [] }, OVERLAID]) : "",
          stderr: "",
        };
      },
    };
    await new PodRoutes(runner, { clusterCidr: "10.244.0.0/16" }).apply([
      A,
      B,
      { podCidr: "10.244.3.0/24", via: "10.244.3.0", device: "skx-test" },
    ]);
    expect(commands).toEqual([
      "ip -4 -json route show root 10.244.0.0/16 proto 83",
      "ip -4 route replace 10.244.2.0/24 via 172.30.0.4 proto 83",
    ]);
  });

  it("of the machine leave those of nodes, and of other clusters, alone", async () => {
    const commands: string[] = [];
    const runner: CommandRunner = {
      async run(command) {
        commands.push(command.join(" "));
        return { exitCode: 0, stdout: "", stderr: "" };
      },
    };
    await new PodRoutes(runner, { device: "skb-test" }).apply([A]);
    expect(commands).toEqual(["ip -4 -json route show dev skb-test proto 84", "ip -4 route replace 10.244.1.0/24 via 172.30.0.3 proto 84"]);
  });

  it("says what the kernel refused", async () => {
    const runner: CommandRunner = { run: async () => ({ exitCode: 2, stdout: "", stderr: "RTNETLINK answers: Network is unreachable\n" }) };
    await expect(new PodRoutes(runner, { clusterCidr: "10.244.0.0/16" }).apply([])).rejects.toThrow(CommandError);
  });
});
