import { describe, expect, it } from "vitest";
import { networkPolicyKind, type Namespace, type NetworkPolicy, type NetworkPolicySpec, type Pod } from "@skiff/api";
import { renderRuleset, renderTransaction, type Ruleset } from "../ruleset.ts";
import type { PolicyNetwork, PolicyState } from "./policy-state.ts";
import { renderPolicies } from "./render-policies.ts";

const network: PolicyNetwork = { table: "skiff-test-policy", nodeName: "n1", podCidr: "10.244.0.0/24", dnsServiceIp: "10.96.0.10" };

const namespaces: Namespace[] = ["shop", "tools"].map((name) => ({ metadata: { name, labels: { "kubernetes.io/metadata.name": name } } }));

function pod(namespace: string, name: string, ip: string | undefined, more: { node?: string; labels?: Record<string, string> } = {}): Pod {
  const { node = "n1", labels = { app: name } } = more;
  const ports = [{ name: "http", containerPort: 8080 }];
  return {
    metadata: { namespace, name, labels },
    spec: { nodeName: node, containers: [{ name: "c", ports }] },
    status: { phase: "Running", ...(ip === undefined ? {} : { podIP: ip }) },
  };
}

const pods = [
  pod("shop", "web", "10.244.0.2"),
  pod("shop", "db", "10.244.0.3"),
  pod("shop", "cart", "10.244.1.4", { node: "n2" }),
  pod("tools", "probe", "10.244.1.5", { node: "n2" }),
];

function policy(name: string, spec: NetworkPolicySpec, namespace = "shop"): NetworkPolicy {
  const made: NetworkPolicy = { metadata: { name, namespace }, spec: structuredClone(spec) };
  networkPolicyKind.applyDefaults?.(made);
  return made;
}

function rules(policies: NetworkPolicy[], more: Partial<PolicyState> = {}): Ruleset {
  return renderPolicies({ policies, namespaces, pods, ...more }, network);
}

/** The rules that packets of a Pod meet, with sets written out. */
function chainOf(ruleset: Ruleset, direction: "ingress" | "egress", ip: string): string[] | undefined {
  const verdict = ruleset.maps.get(`${direction}-chains`)?.elements.get(ip);
  return ruleset.chains
    .get(verdict?.replace("jump ", "") ?? "")
    ?.map((rule) =>
      rule.replaceAll(/@([\w-]+)/g, (_, name: string) => `{${[...(ruleset.addressSets?.get(name)?.elements ?? [])].join(",")}}`),
    );
}

describe("NetworkPolicies as rules", () => {
  it("look like this", async () => {
    const ruleset = rules([
      policy("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
      policy("web", {
        podSelector: { matchLabels: { app: "web" } },
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: "cart" } } }], ports: [{ port: "http" }, { port: 9000, endPort: 9100 }] },
          { from: [{ ipBlock: { cidr: "192.0.2.0/24", except: ["192.0.2.128/25"] } }] },
        ],
        egress: [
          {
            to: [{ namespaceSelector: {}, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
            ports: [{ protocol: "UDP", port: 53 }],
          },
        ],
      }),
    ]);
    await expect(renderRuleset(ruleset)).toMatchFileSnapshot("../testdata/network-policy.nft");
  });

  it("isolate only what they select, in the directions that they name", () => {
    const ruleset = rules([policy("deny", { podSelector: { matchLabels: { app: "web" } } })]);
    expect(chainOf(ruleset, "ingress", "10.244.0.2")).toEqual(["drop"]);
    expect(chainOf(ruleset, "egress", "10.244.0.2")).toBeUndefined();
    expect(chainOf(ruleset, "ingress", "10.244.0.3")).toBeUndefined();
    // Pods of other nodes are guarded there.
    expect(ruleset.maps.get("ingress-chains")?.elements.size).toBe(1);
  });

  it("add up", () => {
    const web = { podSelector: { matchLabels: { app: "web" } } };
    const ruleset = rules([
      policy("a", { ...web, ingress: [{ from: [{ podSelector: { matchLabels: { app: "db" } } }] }] }),
      policy("b", { ...web, ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "tools" } } }] }] }),
      policy("elsewhere", { podSelector: {}, ingress: [{}] }, "tools"),
    ]);
    expect(chainOf(ruleset, "ingress", "10.244.0.2")).toEqual(["ip saddr {10.244.0.3} return", "ip saddr {10.244.1.5} return", "drop"]);
  });

  it.each([
    ["all sources and ports", {}, ["return"]],
    ["one protocol", { ports: [{ protocol: "SCTP" }] }, ["meta l4proto sctp return"]],
    [
      "overlapping ports",
      { ports: [{ port: 80 }, { port: 81 }, { port: 79, endPort: 90 }, { port: 443 }] },
      ["tcp dport { 79-90, 443 } return"],
    ],
    ["a whole protocol besides a port", { ports: [{ port: 80 }, {}] }, ["meta l4proto tcp return"]],
    ["a Pod's name of a port", { ports: [{ port: "http" }] }, [expect.stringContaining("10.244.0.2 . 8080")]],
    [
      "Pods of namespaces",
      { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "probe" } } }] },
      ["ip saddr {10.244.1.5} return"],
    ],
    ["Pods of the own namespace", { from: [{ podSelector: { matchLabels: { app: "probe" } } }] }, ["ip saddr {} return"]],
    [
      "ranges with nested exceptions",
      { from: [{ ipBlock: { cidr: "10.1.2.3/8", except: ["10.1.0.0/16", "10.1.2.0/24"] } }] },
      ["ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16 } return"],
    ],
    ["everywhere but", { from: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }] }, ["ip saddr != { 10.0.0.0/8 } return"]],
    ["the other family", { from: [{ ipBlock: { cidr: "2001:db8::/32" } }] }, []],
  ])("allow %s", (_name, rule, expected) => {
    const ruleset = rules([policy("p", { podSelector: { matchLabels: { app: "web" } }, ingress: [rule as object] })]);
    expect(chainOf(ruleset, "ingress", "10.244.0.2")).toEqual([...(expected as string[]), "drop"]);
  });

  it("take egress from the Pod's side, and cluster DNS as the Pods that upstream has for it", () => {
    const dns = {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    };
    const system: Namespace = { metadata: { name: "kube-system", labels: { "kubernetes.io/metadata.name": "kube-system" } } };
    const ruleset = rules(
      [policy("dns", { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [dns], ports: [{ protocol: "UDP", port: "dns" }] }] })],
      {
        namespaces: [...namespaces, system],
      },
    );
    expect(chainOf(ruleset, "egress", "10.244.0.3")).toEqual([
      "ip daddr {10.96.0.10} meta l4proto udp ip daddr . th dport {10.96.0.10 . 53} return",
      "drop",
    ]);
    expect(ruleset.maps.get("ingress-chains")?.elements.size).toBe(0);
    expect(ruleset.chains.get("dns")).toContain("ip saddr vmap @egress-chains");
  });

  it("hold nobody back who is on a node's network, has ended or is gone", () => {
    const host: Pod = { ...pod("shop", "host", "192.0.2.1"), spec: { nodeName: "n1", hostNetwork: true, containers: [] } };
    const over: Pod = { ...pod("shop", "over", "10.244.0.9"), status: { phase: "Succeeded", podIP: "10.244.0.9" } };
    const ruleset = rules([policy("all", { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })], { pods: [host, over] });
    expect(ruleset.maps.get("ingress-chains")?.elements.size).toBe(0);
    expect([...(ruleset.addressSets?.values() ?? [])].flatMap(({ elements }) => [...elements])).toEqual([]);
  });

  it("hold a Pod back from its first packet on, before anybody knows its address", () => {
    const coming = [...pods, pod("shop", "new", undefined)];
    const deny = policy("deny", { podSelector: { matchLabels: { app: "new" } } });
    expect(rules([deny], { pods: coming }).chains.get("forward")).toContain("ip daddr 10.244.0.0/24 ip daddr != @local-pods drop");
    expect(rules([deny], { pods: coming }).chains.get("forward")?.join()).not.toContain("ip saddr != @local-pods");
    for (const calm of [rules([deny]), rules([], { pods: coming }), rules([deny], { pods: [...pods, pod("tools", "new", undefined)] })]) {
      expect(calm.chains.get("forward")?.join()).not.toContain("@local-pods");
    }
  });

  it("change by elements when Pods come and go, and not at all when nothing does", () => {
    const allow = policy("allow", { podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: "http" }] }] });
    const before = rules([allow]);
    expect(renderTransaction(before, rules([allow], { pods: [...pods].reverse(), namespaces: [...namespaces].reverse() }))).toBe("");
    const commands = renderTransaction(before, rules([allow], { pods: [...pods, pod("shop", "late", "10.244.0.7")] }));
    expect(commands.split("\n").filter((line) => line !== "" && !line.startsWith("add element"))).toEqual([]);
    expect(commands).toContain("10.244.0.7 . 8080");
    const removed = renderTransaction(before, rules([]));
    expect(removed).toContain("delete element ip skiff-test-policy ingress-chains { 10.244.0.2, 10.244.0.3 }");
    expect(removed).toMatch(/delete chain ip skiff-test-policy ingress-[0-9a-f]{12}-shop\/allow\n/);
    expect(removed.indexOf("delete chain")).toBeLessThan(removed.indexOf("delete set"));
  });
});
