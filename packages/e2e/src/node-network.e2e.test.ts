import { existsSync } from "node:fs";
import { type CommandRunner, inNetworkNamespace, nodeCommandRunner, NodeNetwork, PodRoutes, runOrThrow } from "@skiff/cni";
import { afterEach, describe, expect, it } from "vitest";

const OPTIONS = { cluster: "e2e-net", nodeCidr: "172.31.99.0/24", nodes: 2 };

describe("the network of several nodes on one machine", () => {
  const network = new NodeNetwork(nodeCommandRunner, OPTIONS);

  afterEach(() => network.remove());

  it("joins the nodes with each other and with the machine, and can be made and removed twice", async () => {
    await network.create();
    await network.create();
    const { members, gateway, bridge, table } = network.layout;
    const [first, second] = members;
    const ping = (address = ""): readonly [string, ...string[]] => ["busybox", "ping", "-c", "1", "-W", "2", address];
    await runOrThrow(nodeCommandRunner, inNetworkNamespace(first?.namespace ?? "", ping(second?.address)));
    await runOrThrow(nodeCommandRunner, inNetworkNamespace(second?.namespace ?? "", ping(gateway)));
    await runOrThrow(nodeCommandRunner, ping(first?.address));
    const forwarding = await runOrThrow(
      nodeCommandRunner,
      inNetworkNamespace(first?.namespace ?? "", ["sysctl", "-n", "net.ipv4.ip_forward"]),
    );
    expect(forwarding.trim()).toBe("1");
    await network.remove();
    await network.remove();
    expect(existsSync(`/sys/class/net/${bridge}`)).toBe(false);
    expect(members.filter(({ namespace }) => existsSync(`/run/netns/${namespace}`))).toEqual([]);
    expect((await nodeCommandRunner.run(["nft", "list", "table", "ip", table])).exitCode).not.toBe(0);
  });

  it("carries routes between the Pods of the nodes", async () => {
    await network.create();
    const [first, second] = network.layout.members;
    const inFirst: CommandRunner = {
      run: (command, input) => nodeCommandRunner.run(inNetworkNamespace(first?.namespace ?? "", command), input),
    };
    const routes = new PodRoutes(inFirst, { clusterCidr: "10.98.0.0/16" });
    const wanted = [{ podCidr: "10.98.1.0/24", via: second?.address ?? "" }];
    await routes.apply(wanted);
    expect(await routes.list()).toEqual(wanted);
    await routes.apply([]);
    expect(await routes.list()).toEqual([]);
  });
});
