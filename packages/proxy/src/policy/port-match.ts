import type { NetworkPolicyPort, Pod } from "@skiff/api";
import type { Transport } from "../service-port.ts";

/** The name of the set with the addresses and ports that a named port stands for. Names of ports are letters, digits and dashes. */
export function namedPortSet(transport: Transport, name: string): string {
  return `named-${transport}-${name}`;
}

/** What a list of ports asks for. */
interface PortMatches {
  /** Alternatives; the empty text matches everything. */
  readonly matches: readonly string[];
  /** The named ports among them. */
  readonly named: readonly { readonly transport: Transport; readonly name: string }[];
}

/** The matches of the ports of one rule; without any, every packet. Named ports are looked up at the destination. */
export function portMatches(ports: readonly NetworkPolicyPort[]): PortMatches {
  if (ports.length === 0) return { matches: [""], named: [] };
  const whole = new Set<Transport>();
  const ranges = new Map<Transport, [number, number][]>();
  const named = new Map<string, { transport: Transport; name: string }>();
  for (const { protocol = "TCP", port, endPort } of ports) {
    const transport = protocol.toLowerCase() as Transport;
    if (port === undefined) whole.add(transport);
    else if (typeof port === "string") named.set(namedPortSet(transport, port), { transport, name: port });
    else ranges.set(transport, [...(ranges.get(transport) ?? []), [port, endPort ?? port]]);
  }
  const numbers = [...ranges]
    .filter(([transport]) => !whole.has(transport))
    .map(([transport, list]) => `${transport} dport { ${merged(list).join(", ")} }`);
  const names = [...named].map(([set, { transport }]) => `meta l4proto ${transport} ip daddr . th dport @${set}`);
  return {
    matches: [...Array.from(whole, (transport) => `meta l4proto ${transport}`), ...numbers, ...names].sort(),
    named: [...named.values()],
  };
}

/** Ranges in order, those that touch joined: the kernel refuses sets whose elements overlap. */
function merged(ranges: readonly (readonly [number, number])[]): string[] {
  const joined: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else joined.push([first, last]);
  }
  return joined.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
}

/** The numbers that a Pod gives to a named port; several containers may use one name. */
export function portsNamed(pod: Pod, transport: Transport, name: string): number[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.filter((port) => port.name === name && (port.protocol ?? "TCP").toLowerCase() === transport).map((port) => port.containerPort),
  );
}
