import type { Clock } from "@skiff/base";
import type { Node } from "@skiff/api";

/** Nodes per second that Pods are driven from. */
const NORMAL_RATE = 0.1;
/** The same in a zone where many nodes fail at once, if it is large. */
const DISRUPTED_RATE = 0.01;
const LARGE_ZONE_NODES = 50;
const UNHEALTHY_SHARE = 0.55;
const MIN_UNHEALTHY_NODES = 2;

/** How a zone is doing. When every node of it fails, the fault is more likely in the network than in the nodes. */
export type ZoneState = "normal" | "partial" | "full";

/** The zone of a node, with its region. */
export function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  return `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** The state of each zone. */
export function zoneStates(nodes: readonly Node[]): ReadonlyMap<string, { readonly state: ZoneState; readonly size: number }> {
  const counts = new Map<string, { ready: number; notReady: number }>();
  for (const node of nodes) {
    const zone = zoneOf(node);
    const count = counts.get(zone) ?? { ready: 0, notReady: 0 };
    if (isReady(node)) count.ready++;
    else count.notReady++;
    counts.set(zone, count);
  }
  const states = new Map<string, { readonly state: ZoneState; readonly size: number }>();
  for (const [zone, { ready, notReady }] of counts) {
    const size = ready + notReady;
    const isPartial = notReady > MIN_UNHEALTHY_NODES && notReady / size >= UNHEALTHY_SHARE;
    states.set(zone, { state: ready === 0 && notReady > 0 ? "full" : isPartial ? "partial" : "normal", size });
  }
  return states;
}

/** Spaces out evictions by zone, so that one fault does not move the Pods of half a cluster at once. */
export class ZoneEvictions {
  readonly #clock: Clock;
  readonly #nextMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when no zone has a ready node: then we are the ones cut off, and nothing is evicted anywhere. */
  isEverythingDown(nodes: readonly Node[]): boolean {
    const states = [...zoneStates(nodes).values()];
    return states.length > 0 && states.every(({ state }) => state === "full");
  }

  /** Whether Pods may be driven from another node of the zone now; true uses the turn up. */
  admit(zone: string, nodes: readonly Node[]): boolean {
    const { state, size } = zoneStates(nodes).get(zone) ?? { state: "normal" as const, size: 1 };
    const rate = state !== "partial" ? NORMAL_RATE : size > LARGE_ZONE_NODES ? DISRUPTED_RATE : 0;
    const nowMs = this.#clock.monotonic();
    if (rate === 0 || nowMs < (this.#nextMs.get(zone) ?? 0)) return false;
    this.#nextMs.set(zone, nowMs + 1000 / rate);
    return true;
  }
}
