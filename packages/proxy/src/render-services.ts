import { createHash } from "node:crypto";
import type { HostPort } from "./host-port.ts";
import type { DynamicSet, Ruleset } from "./ruleset.ts";
import { entryKey, type Destination, type ServiceEntry } from "./service-port.ts";

/** What the rules of a node depend on beside Services. */
export interface ProxyNetwork {
  /** The table's name; one table for each cluster on a machine. */
  readonly table: string;
  /** The addresses of all Pods of the cluster: traffic between them is never masqueraded. */
  readonly clusterCidr: string;
  /** The addresses of the Pods of this node: what they send out of the cluster is masqueraded. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The pool of load-balancer addresses; absent: there is none. */
  readonly loadBalancerCidr?: string;
  /** Addresses at which node ports answer; empty: all local ones, loopback included. */
  readonly nodePortAddresses: readonly string[];
}

/** The bit that marks packets for masquerading; the one that upstream's proxy uses. */
const MASQUERADE_MARK = "0x4000";
const MARK = `meta mark set meta mark or ${MASQUERADE_MARK}`;

/** Fills in chains, maps and sets entry by entry. */
interface Draft {
  readonly serviceIps: Map<string, string>;
  readonly nodePorts: Map<string, string>;
  readonly refusedIps: Map<string, string>;
  readonly refusedNodePorts: Map<string, string>;
  readonly sets: Map<string, DynamicSet>;
  readonly chains: Map<string, string[]>;
}

/**
 * The whole table of a node, purely from the state. Lookups are by map, so the cost for a packet does not grow with the
 * number of Services.
 *
 * Guarantees: the same state gives the same rules, whatever the order of the input.
 */
export function renderServices(entries: readonly ServiceEntry[], ports: readonly HostPort[], network: ProxyNetwork): Ruleset {
  const draft: Draft = {
    serviceIps: new Map(),
    nodePorts: new Map(),
    refusedIps: new Map(),
    refusedNodePorts: new Map(),
    sets: new Map(),
    chains: new Map(),
  };
  for (const entry of entries) addEntry(draft, entry, network);
  for (const port of ports) addHostPort(draft, port);
  const inet = "ipv4_addr . inet_proto . inet_service";
  return {
    table: network.table,
    maps: new Map([
      ["service-ips", { keyType: inet, elements: draft.serviceIps }],
      ["node-ports", { keyType: "inet_proto . inet_service", elements: draft.nodePorts }],
      ["refused-ips", { keyType: inet, elements: draft.refusedIps }],
      ["refused-node-ports", { keyType: "inet_proto . inet_service", elements: draft.refusedNodePorts }],
    ]),
    sets: draft.sets,
    chains: new Map([...draft.chains, ...baseChains(network)]),
  };
}

function baseChains(network: ProxyNetwork): Map<string, string[]> {
  const addresses = network.nodePortAddresses;
  const toNode = addresses.length === 0 ? "fib daddr type local" : `ip daddr { ${addresses.join(", ")} }`;
  const refuse = "ct state new";
  const virtual = [network.serviceCidr, ...(network.loadBalancerCidr === undefined ? [] : [network.loadBalancerCidr])];
  const unallocated = `${refuse} ip daddr { ${virtual.join(", ")} } reject`;
  return new Map([
    ["refuse", ["reject"]],
    ["mark-for-masquerade", [MARK]],
    ["services", ["ip daddr . meta l4proto . th dport vmap @service-ips", `${toNode} meta l4proto . th dport vmap @node-ports`]],
    ["refused", ["ip daddr . meta l4proto . th dport vmap @refused-ips", `${toNode} meta l4proto . th dport vmap @refused-node-ports`]],
    ["prerouting", ["type nat hook prerouting priority dstnat; policy accept;", "goto services"]],
    ["output", ["type nat hook output priority -100; policy accept;", "goto services"]],
    [
      "postrouting",
      [
        "type nat hook postrouting priority srcnat; policy accept;",
        `meta mark and ${MASQUERADE_MARK} != 0 meta mark set meta mark xor ${MASQUERADE_MARK} masquerade fully-random`,
        `ip saddr ${network.podCidr} ip daddr != ${network.clusterCidr} ip daddr != 224.0.0.0/4 masquerade fully-random`,
      ],
    ],
    ["filter-input", ["type filter hook input priority -110; policy accept;", `${refuse} goto refused`]],
    ["filter-forward", ["type filter hook forward priority -110; policy accept;", `${refuse} jump refused`, unallocated]],
    ["filter-output", ["type filter hook output priority -110; policy accept;", `${refuse} goto refused`]],
    // Behind the translation of addresses: what still goes to a Service address belongs to no Service.
    ["filter-translated-output", ["type filter hook output priority 0; policy accept;", unallocated]],
    // Node ports answer on loopback too, for which the kernel must route 127.0.0.0/8; nobody else may use that (CVE-2020-8558).
    ["protect-loopback", ["type filter hook prerouting priority raw; policy accept;", 'iifname != "lo" ip daddr 127.0.0.0/8 drop']],
  ]);
}

function addEntry(draft: Draft, entry: ServiceEntry, network: ProxyNetwork): void {
  const outside = [...entry.externalIps, ...entry.loadBalancerIps];
  if (entry.withoutEndpoints) {
    for (const ip of [...entry.clusterIps, ...outside]) draft.refusedIps.set(addressKey(ip, entry), "goto refuse");
    if (entry.nodePort !== undefined) draft.refusedNodePorts.set(`${entry.transport} . ${entry.nodePort}`, "goto refuse");
    return;
  }
  const suffix = `${shortHash(entryKey(entry))}-${entryKey(entry)}`;
  const service = `service-${suffix}`;
  // Connections from outside the Pod network get the node's address, or the answer would not come back the same way.
  const marking = `ip daddr { ${entry.clusterIps.join(", ")} } ip saddr != ${network.clusterCidr} jump mark-for-masquerade`;
  draft.chains.set(service, [...(entry.clusterIps.length === 0 ? [] : [marking]), ...balance(draft, entry, entry.internalDestinations)]);
  for (const ip of entry.clusterIps) draft.serviceIps.set(addressKey(ip, entry), `goto ${service}`);
  if (outside.length === 0 && entry.nodePort === undefined) return;

  const external = `external-${suffix}`;
  draft.chains.set(external, externalRules(draft, entry, network, service));
  for (const ip of entry.externalIps) draft.serviceIps.set(addressKey(ip, entry), `goto ${external}`);
  if (entry.nodePort !== undefined) draft.nodePorts.set(`${entry.transport} . ${entry.nodePort}`, `goto ${external}`);
  if (entry.loadBalancerIps.length === 0) return;
  const guard = `guard-${suffix}`;
  if (entry.sourceRanges.length > 0)
    draft.chains.set(guard, [`ip saddr { ${[...entry.sourceRanges].sort().join(", ")} } goto ${external}`, "drop"]);
  for (const ip of entry.loadBalancerIps)
    draft.serviceIps.set(addressKey(ip, entry), `goto ${entry.sourceRanges.length > 0 ? guard : external}`);
}

function externalRules(draft: Draft, entry: ServiceEntry, network: ProxyNetwork, service: string): string[] {
  if (!entry.externalLocal) return ["jump mark-for-masquerade", ...balance(draft, entry, entry.externalDestinations)];
  // Pods and the node itself reach an external address as if it were the cluster address, whatever the policy.
  return [
    `ip saddr ${network.clusterCidr} goto ${service}`,
    "fib saddr type local jump mark-for-masquerade",
    `fib saddr type local goto ${service}`,
    ...balance(draft, entry, entry.externalDestinations),
  ];
}

/** The rules that choose a destination: one that the client had before, else any, all equally likely. */
function balance(draft: Draft, entry: ServiceEntry, destinations: readonly Destination[]): string[] {
  if (destinations.length === 0) return ["drop"];
  const chains = destinations.map((destination) => destinationChain(draft, entry, destination));
  const { affinitySeconds } = entry;
  const kept = affinitySeconds === undefined ? [] : chains.map((chain) => `ip saddr @${affinitySet(chain, affinitySeconds)} goto ${chain}`);
  const choice =
    chains.length === 1
      ? `goto ${chains[0]}`
      : `numgen random mod ${chains.length} vmap { ${chains.map((chain, index) => `${index} : goto ${chain}`).join(", ")} }`;
  return [...kept, choice];
}

function destinationChain(draft: Draft, entry: ServiceEntry, destination: Destination): string {
  const address = `${destination.ip}:${destination.port}`;
  const chain = `endpoint-${shortHash(`${entryKey(entry)} ${address}`)}-${entry.namespace}/${entry.name}/${entry.transport}/${entry.port}/${destination.ip}/${destination.port}`;
  if (draft.chains.has(chain)) return chain;
  // A Pod that reaches itself through its Service must see another source, or it would answer itself directly.
  const rules = [`ip saddr ${destination.ip} jump mark-for-masquerade`];
  if (entry.affinitySeconds !== undefined) {
    draft.sets.set(affinitySet(chain, entry.affinitySeconds), { timeoutSeconds: entry.affinitySeconds });
    rules.push(`update @${affinitySet(chain, entry.affinitySeconds)} { ip saddr }`);
  }
  rules.push(`meta l4proto ${entry.transport} dnat to ${address}`);
  draft.chains.set(chain, rules);
  return chain;
}

function addHostPort(draft: Draft, port: HostPort): void {
  const chain = `host-port-${port.transport}-${port.hostPort}-${port.podIp}`;
  draft.chains.set(chain, [
    `ip saddr ${port.podIp} jump mark-for-masquerade`,
    "ip saddr 127.0.0.0/8 jump mark-for-masquerade",
    `meta l4proto ${port.transport} dnat to ${port.podIp}:${port.containerPort}`,
  ]);
  if (port.hostIp === undefined) draft.nodePorts.set(`${port.transport} . ${port.hostPort}`, `goto ${chain}`);
  else draft.serviceIps.set(`${port.hostIp} . ${port.transport} . ${port.hostPort}`, `goto ${chain}`);
}

function addressKey(ip: string, entry: ServiceEntry): string {
  return `${ip} . ${entry.transport} . ${entry.port}`;
}

/** The timeout is part of the name because the kernel cannot change it in place. */
function affinitySet(chain: string, timeoutSeconds: number): string {
  return chain.replace(/^endpoint-/, `affinity-${timeoutSeconds}-`);
}

/** Keeps names apart that are cut at the kernel's limit, and is what makes two names of equal text part differ. */
function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
