import { createHash } from "node:crypto";
import {
  selectorFromLabelSelector,
  type LabelSelector,
  type Namespace,
  type NetworkPolicy,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
  type Pod,
  type Selector,
} from "@skiff/api";
import type { Ruleset } from "../ruleset.ts";
import { blockMatch } from "./address-block.ts";
import { dnsPod, isSubject, podAddresses, type Direction, type PodAddress, type PolicyNetwork, type PolicyState } from "./policy-state.ts";
import { namedPortSet, portMatches, portsNamed } from "./port-match.ts";

/** Chains, and the sets that their rules name, while they are put together. */
interface Draft {
  /** Every Pod of the cluster, and cluster DNS. */
  readonly addresses: readonly PodAddress[];
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly addressSets: Map<string, { readonly keyType: string; readonly elements: ReadonlySet<string> }>;
  readonly chains: Map<string, readonly string[]>;
}

/** The kernel's limit is 255 letters; the hash in front keeps names apart that are cut. */
const LONGEST_NAME = 200;

const DIRECTIONS = {
  Ingress: { map: "ingress-chains", self: "ip daddr", peer: "ip saddr" },
  Egress: { map: "egress-chains", self: "ip saddr", peer: "ip daddr" },
} as const;

/**
 * The whole table of a node, purely from the state: for each Pod of the node that some policy selects, the chain that lets
 * through what its policies allow and drops the rest. Pods with the same policies share a chain, peers are sets of addresses:
 * a Pod that comes or goes changes elements and no rule.
 *
 * Packets are looked at behind the translation of Service addresses. What the node itself sends and receives passes by
 * (probes, for example), and so does what belongs to a connection that exists.
 *
 * Guarantees: the same state gives the same rules, whatever the order of the input.
 */
export function renderPolicies(state: PolicyState, network: PolicyNetwork): Ruleset {
  const addresses = podAddresses(state.pods);
  const draft: Draft = {
    addresses: [...addresses, { pod: dnsPod(network.dnsServiceIp), ip: network.dnsServiceIp }],
    namespaceLabels: new Map(
      state.namespaces.map((namespace: Namespace) => [namespace.metadata?.name ?? "", namespace.metadata?.labels ?? {}]),
    ),
    addressSets: new Map(),
    chains: new Map(),
  };
  const policies = [...state.policies].sort((a, b) => (policyKey(a) < policyKey(b) ? -1 : 1));
  const local = addresses.filter(({ pod }) => pod.spec?.nodeName === network.nodeName);
  // A Pod has an address before anybody hears of it; until then it is known by being none of the others.
  const coming = state.pods.filter((pod) => isSubject(pod) && pod.spec?.nodeName === network.nodeName && !pod.status?.podIP);
  const maps = new Map<string, Map<string, string>>();
  const own = new Set<string>();
  const guards = new Map<Direction, string[]>();
  for (const direction of ["Egress", "Ingress"] as const) {
    const { map, self } = DIRECTIONS[direction];
    const inDirection = policies.filter((policy) => policy.spec?.policyTypes?.includes(direction));
    const elements = new Map<string, string>();
    for (const { pod, ip } of local) {
      const selected = inDirection.filter((policy) => selects(policy, pod));
      if (selected.length === 0) continue;
      elements.set(ip, `jump ${addChain(draft, direction, selected)}`);
      own.add(`${ip} . ${ip}`);
    }
    maps.set(map, elements);
    const isAwaited = coming.some((pod) => inDirection.some((policy) => selects(policy, pod)));
    guards.set(direction, isAwaited ? [`${self} ${network.podCidr} ${self} != @local-pods drop`] : []);
  }
  draft.addressSets.set("own-pairs", { keyType: "ipv4_addr . ipv4_addr", elements: own });
  // The gateway is an address of the range as well, but what comes from or goes to it never passes the forward hook.
  draft.addressSets.set("local-pods", { keyType: "ipv4_addr", elements: new Set(local.map(({ ip }) => ip)) });
  const egress = [...(guards.get("Egress") ?? []), "ip saddr vmap @egress-chains"];
  const ingress = [...(guards.get("Ingress") ?? []), "ip daddr vmap @ingress-chains"];
  return {
    table: network.table,
    maps: new Map(Array.from(maps, ([name, elements]) => [name, { keyType: "ipv4_addr", elements }])),
    sets: new Map(),
    addressSets: draft.addressSets,
    chains: new Map([
      ...draft.chains,
      [
        "forward",
        [
          "type filter hook forward priority filter; policy accept;",
          "ct state established,related accept",
          // Nobody can keep a Pod from itself, not even by way of its own Service.
          "ip saddr . ip daddr @own-pairs accept",
          ...egress,
          ...ingress,
        ],
      ],
      [
        "dns",
        [
          // Ahead of the translation, behind which cluster DNS is the node itself.
          "type filter hook prerouting priority -110; policy accept;",
          `ip daddr != ${network.dnsServiceIp} accept`,
          "ct state established,related accept",
          ...egress,
        ],
      ],
    ]),
  };
}

/** The chain of the Pods that exactly these policies select: returns when one of them allows the packet, and drops otherwise. */
function addChain(draft: Draft, direction: Direction, policies: readonly NetworkPolicy[]): string {
  const keys = policies.map(policyKey);
  const name = `${direction.toLowerCase()}-${shortHash(keys.join(" "))}-${keys[0]}`.slice(0, LONGEST_NAME);
  if (draft.chains.has(name)) return name;
  const rules = policies.flatMap((policy) => {
    const { namespace = "" } = policy.metadata ?? {};
    if (direction === "Ingress")
      return (policy.spec?.ingress ?? []).flatMap(({ from, ports }) => ruleLines(draft, direction, namespace, from, ports));
    return (policy.spec?.egress ?? []).flatMap(({ to, ports }) => ruleLines(draft, direction, namespace, to, ports));
  });
  draft.chains.set(name, [...new Set(rules), "drop"]);
  return name;
}

/** Every combination of a peer and a port; an absent or empty list of either stands for all. */
function ruleLines(
  draft: Draft,
  direction: Direction,
  namespace: string,
  peers: readonly NetworkPolicyPeer[] = [],
  ports: readonly NetworkPolicyPort[] = [],
): string[] {
  const { matches, named } = portMatches(ports);
  for (const { transport, name } of named) {
    const elements = draft.addresses.flatMap(({ pod, ip }) => portsNamed(pod, transport, name).map((port) => `${ip} . ${port}`));
    draft.addressSets.set(namedPortSet(transport, name), { keyType: "ipv4_addr . inet_service", elements: new Set(elements) });
  }
  const from = peers.length === 0 ? [""] : peers.flatMap((peer) => peerMatch(draft, direction, namespace, peer) ?? []);
  return from.flatMap((peer) => matches.map((port) => [peer, port, "return"].filter((part) => part !== "").join(" ")));
}

function peerMatch(draft: Draft, direction: Direction, namespace: string, peer: NetworkPolicyPeer): string | undefined {
  const address = DIRECTIONS[direction].peer;
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) return blockMatch(address, ipBlock.cidr, ipBlock.except ?? []);
  // A selector of namespaces alone means all of their Pods; one of Pods alone, those of the policy's own namespace.
  const set = `peers-${shortHash(JSON.stringify([namespaceSelector === undefined ? namespace : "", canonical(namespaceSelector), canonical(podSelector)]))}`;
  if (!draft.addressSets.has(set)) {
    const pods = selectorFromLabelSelector(podSelector ?? {});
    const namespaces = namespaceSelector === undefined ? undefined : selectorFromLabelSelector(namespaceSelector);
    const elements = draft.addresses.filter(({ pod }) => isPeer(draft, pod, namespace, namespaces, pods)).map(({ ip }) => ip);
    draft.addressSets.set(set, { keyType: "ipv4_addr", elements: new Set(elements) });
  }
  return `${address} @${set}`;
}

function isPeer(draft: Draft, pod: Pod, namespace: string, namespaces: Selector | undefined, pods: Selector): boolean {
  const home = pod.metadata?.namespace ?? "";
  const labels = draft.namespaceLabels.get(home);
  const isHome = namespaces === undefined ? home === namespace : labels !== undefined && namespaces.matches(labels);
  return isHome && pods.matches(pod.metadata?.labels);
}

function selects({ metadata, spec }: NetworkPolicy, pod: Pod): boolean {
  return (
    metadata?.namespace === pod.metadata?.namespace && selectorFromLabelSelector(spec?.podSelector ?? {}).matches(pod.metadata?.labels)
  );
}

/** Selectors that say the same in the same words, whatever the order of labels. */
function canonical(selector: LabelSelector | undefined): unknown {
  if (selector === undefined) return null;
  return [Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)), selector.matchExpressions ?? []];
}

function policyKey({ metadata }: NetworkPolicy): string {
  return `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
