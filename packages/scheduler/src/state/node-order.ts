import type { NodeInfo } from "./node-info.ts";

const ZONE_LABEL = "topology.kubernetes.io/zone";
const REGION_LABEL = "topology.kubernetes.io/region";

/** The region and zone of a node as one text. */
export function zoneOf({ labels }: NodeInfo): string {
  return `${labels[REGION_LABEL] ?? ""}:${labels[ZONE_LABEL] ?? ""}`;
}

/** The nodes zone by zone in turn, so that a sample of neighbours in the list covers all zones. */
export function interleaveZones(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  let count = 0;
  for (const node of nodes) {
    const zone = zoneOf(node);
    const known = zones.get(zone);
    if (known === undefined) zones.set(zone, [node]);
    else known.push(node);
    count++;
  }
  if (zones.size === 1) for (const only of zones.values()) return only;
  const ordered: NodeInfo[] = [];
  for (let round = 0; ordered.length < count; round++) {
    for (const zone of zones.values()) if (round < zone.length) ordered.push(zone[round]!);
  }
  return ordered;
}
