import type { NodeSample, UsagePoint } from "./usage-sample.ts";

/** A container that started so short a time ago is measured since its start, when there is no earlier sample of it. */
const FRESH_MAX_MS = 60_000;
/** Below this a rate since the start says nothing. */
const FRESH_MIN_MS = 10_000;

/** What was used over a span of time. */
export interface MeasuredUsage {
  /** When the span ended. */
  readonly timeMs: number;
  readonly windowMs: number;
  /** Billionths of a core, averaged over the span. */
  readonly cpuNanoCores: number;
  /** At its end. */
  readonly memoryBytes: number;
}

/** The last two samples of every node, from which usage is worked out. As large as what runs. */
export class UsageHistory {
  readonly #nodes = new Map<string, { readonly last: NodeSample; readonly previous: NodeSample | undefined }>();

  /** Adds the newest sample of a node. One that is no newer than the last (the kubelet gave the same again) is left out. */
  add(nodeName: string, sample: NodeSample): void {
    const known = this.#nodes.get(nodeName);
    if (known !== undefined && (sample.node?.timeMs ?? 0) <= (known.last.node?.timeMs ?? 0)) return;
    this.#nodes.set(nodeName, { last: sample, previous: known?.last });
  }

  /** Forgets every node that is not in `nodeNames`. */
  keep(nodeNames: ReadonlySet<string>): void {
    for (const name of this.#nodes.keys()) if (!nodeNames.has(name)) this.#nodes.delete(name);
  }

  /** What a node uses; `undefined` without two samples of it. */
  node(nodeName: string): MeasuredUsage | undefined {
    const { last, previous } = this.#nodes.get(nodeName) ?? {};
    return last?.node === undefined ? undefined : between(previous?.node, last.node);
  }

  /** What each container of a Pod uses; `undefined` unless it is known of all of them, since a part would pass for the whole. */
  pod(nodeName: string, key: string): ReadonlyMap<string, MeasuredUsage> | undefined {
    const { last, previous } = this.#nodes.get(nodeName) ?? {};
    const containers = last?.pods.get(key);
    if (containers === undefined || containers.size === 0) return undefined;
    const usages = new Map<string, MeasuredUsage>();
    for (const [name, point] of containers) {
      const usage = between(previous?.pods.get(key)?.get(name) ?? sinceStart(point), point);
      if (usage === undefined) return undefined;
      usages.set(name, usage);
    }
    return usages;
  }
}

/** The point at which a container that has just started had used nothing. */
function sinceStart({ timeMs, startedAtMs }: UsagePoint): UsagePoint | undefined {
  const ageMs = startedAtMs === undefined ? 0 : timeMs - startedAtMs;
  if (startedAtMs === undefined || ageMs < FRESH_MIN_MS || ageMs > FRESH_MAX_MS) return undefined;
  return { timeMs: startedAtMs, cpuSeconds: 0, memoryBytes: 0 };
}

function between(before: UsagePoint | undefined, now: UsagePoint): MeasuredUsage | undefined {
  if (before === undefined) return undefined;
  const windowMs = now.timeMs - before.timeMs;
  // A counter that went back belongs to a container that was started again.
  if (windowMs <= 0 || now.cpuSeconds < before.cpuSeconds) return undefined;
  const cpuNanoCores = Math.round(((now.cpuSeconds - before.cpuSeconds) / windowMs) * 1e12);
  return { timeMs: now.timeMs, windowMs, cpuNanoCores, memoryBytes: now.memoryBytes };
}
