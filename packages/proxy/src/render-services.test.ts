import { describe, expect, it } from "vitest";
import { renderServices, type ProxyNetwork } from "./render-services.ts";
import { renderRuleset, renderTransaction } from "./ruleset.ts";
import type { ServiceEntry } from "./service-port.ts";

const network: ProxyNetwork = {
  table: "skiff-test",
  clusterCidr: "10.244.0.0/16",
  podCidr: "10.244.0.0/24",
  serviceCidr: "10.96.0.0/16",
  loadBalancerCidr: "192.0.2.0/24",
  nodePortAddresses: [],
};
const pods = [
  { ip: "10.244.0.2", port: 8080, local: true },
  { ip: "10.244.1.3", port: 8080, local: false },
];
const web: ServiceEntry = {
  namespace: "default",
  name: "web",
  portName: "",
  transport: "tcp",
  port: 80,
  clusterIps: ["10.96.0.9"],
  externalIps: [],
  loadBalancerIps: [],
  sourceRanges: [],
  nodePort: 30080,
  affinitySeconds: undefined,
  internalDestinations: pods,
  externalDestinations: pods,
  externalLocal: false,
  withoutEndpoints: false,
};

describe("the rules of a node", () => {
  it("lead a NodePort Service to its Pods", async () => {
    await expect(renderRuleset(renderServices([web], [], network))).toMatchFileSnapshot("testdata/node-port.nft");
  });

  it("keep clients with their Pod, guard load balancers, and refuse Services without Pods", async () => {
    const balanced: ServiceEntry = {
      ...web,
      affinitySeconds: 600,
      externalLocal: true,
      externalDestinations: pods.slice(0, 1),
      loadBalancerIps: ["192.0.2.10"],
      sourceRanges: ["198.51.100.0/24"],
    };
    const empty: ServiceEntry = {
      ...web,
      name: "empty",
      clusterIps: ["10.96.0.10"],
      nodePort: 30081,
      internalDestinations: [],
      externalDestinations: [],
      withoutEndpoints: true,
    };
    const host = { transport: "tcp", hostPort: 8000, hostIp: undefined, podIp: "10.244.0.2", containerPort: 8080 } as const;
    await expect(renderRuleset(renderServices([balanced, empty], [host], network))).toMatchFileSnapshot("testdata/load-balancer.nft");
  });

  it("change by what differs and nothing else", () => {
    const before = renderServices([web], [], network);
    expect(renderTransaction(before, renderServices([web], [], network))).toBe("");
    const one = { ...web, internalDestinations: pods.slice(0, 1), externalDestinations: pods.slice(0, 1) };
    const commands = renderTransaction(before, renderServices([one], [], network))
      .trim()
      .split("\n");
    // The chain of the Pod that stays is not touched, that of the other one goes last.
    expect(commands.some((line) => line.includes("10.244.0.2/8080") && line.startsWith("flush chain"))).toBe(false);
    expect(commands.at(-1)).toMatch(/^delete chain ip skiff-test endpoint-.*10\.244\.1\.3\/8080$/);
    expect(commands.filter((line) => line.startsWith("add rule")).every((line) => !line.includes("10.244.1.3"))).toBe(true);
  });

  it("move addresses from refused to served in one transaction when Pods come", () => {
    const empty = { ...web, internalDestinations: [], externalDestinations: [], withoutEndpoints: true };
    const commands = renderTransaction(renderServices([empty], [], network), renderServices([web], [], network));
    expect(commands).toContain("delete element ip skiff-test refused-ips { 10.96.0.9 . tcp . 80 }");
    expect(commands).toMatch(/add element ip skiff-test service-ips \{ 10\.96\.0\.9 \. tcp \. 80 : goto service-/);
  });
});
