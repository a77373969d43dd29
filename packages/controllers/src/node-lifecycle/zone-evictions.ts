import type { Clock } from "@skiff/base";
import { isConditionTrue, type Node } from "@skiff/api";
import type { Informer } from "@skiff/client";

/** Nodes per second that Pods are driven from. */
const NORMAL_RATE = 0.1;
/** The same in a zone where many nodes fail at once, if it is large. */
const DISRUPTED_RATE = 0.01;
const LARGE_ZONE_NODES = 50;
const UNHEALTHY_SHARE = 0.55;
const MIN_UNHEALTHY_NODES = 2;

interface ZoneCount {
  ready: number;
  notReady: number;
}

/** As what a node is counted. A deletion may show another state than the last one that was counted. */
interface CountedNode {
  readonly zone: string;
  readonly isReady: boolean;
}

/** The zone of a node, with its region. */
export function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  return `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

/**
 * Spaces out evictions by zone, so that one fault does not move the Pods of half a cluster at once.
 *
 * Zones are counted as nodes change: counting anew for each node that is not ready took a tenth of the server's time while
 * 300 nodes registered, and grew with the square of the nodes.
 */
export class ZoneEvictions {
  readonly #clock: Clock;
  readonly #nextMs = new Map<string, number>();
  readonly #zones = new Map<string, ZoneCount>();
  readonly #counted = new Map<string, CountedNode>();

  constructor(clock: Clock, nodes: Pick<Informer<Node>, "onChange">) {
    this.#clock = clock;
    nodes.onChange(({ type, key, object }) => {
      const before = this.#counted.get(key);
      if (before !== undefined) this.#count(before, -1);
      this.#counted.delete(key);
      if (type === "deleted") return;
      const node = { zone: zoneOf(object), isReady: isConditionTrue(object.status?.conditions, "Ready") };
      this.#counted.set(key, node);
      this.#count(node, 1);
    });
  }

  /**
   * True when no zone has a ready node: then we are the ones cut off, and nothing is evicted anywhere. When every node of a
   * zone fails, the fault is more likely in the network than in the nodes.
   */
  isEverythingDown(): boolean {
    if (this.#zones.size === 0) return false;
    for (const { ready } of this.#zones.values()) if (ready > 0) return false;
    return true;
  }

  /** Whether Pods may be driven from another node of the zone now; true uses the turn up. */
  admit(zone: string): boolean {
    const { ready, notReady } = this.#zones.get(zone) ?? { ready: 1, notReady: 0 };
    const size = ready + notReady;
    const isPartial = ready > 0 && notReady > MIN_UNHEALTHY_NODES && notReady / size >= UNHEALTHY_SHARE;
    const rate = !isPartial ? NORMAL_RATE : size > LARGE_ZONE_NODES ? DISRUPTED_RATE : 0;
    const nowMs = this.#clock.monotonic();
    if (rate === 0 || nowMs < (this.#nextMs.get(zone) ?? 0)) return false;
    this.#nextMs.set(zone, nowMs + 1000 / rate);
    return true;
  }

  #count({ zone, isReady: ready }: CountedNode, by: 1 | -1): void {
    const count = this.#zones.get(zone) ?? { ready: 0, notReady: 0 };
    if (ready) count.ready += by;
    else count.notReady += by;
    if (count.ready + count.notReady === 0) this.#zones.delete(zone);
    else this.#zones.set(zone, count);
  }
}
