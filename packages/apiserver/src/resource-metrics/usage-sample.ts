/** CPU time and memory at one moment. */
export interface UsagePoint {
  readonly timeMs: number;
  /** CPU time since the start, in seconds. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** When it started; absent where the node does not tell. */
  readonly startedAtMs?: number;
}

/** What a node's kubelet told about itself and its Pods at one moment. */
export interface NodeSample {
  readonly node: UsagePoint | undefined;
  /** By `namespace/name`, then container. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, UsagePoint>>;
}

/** The families of `/metrics/resource` that are read, and which part of a point each of them fills. */
const FAMILIES: Readonly<Record<string, { readonly part: keyof UsagePoint; readonly factor: number }>> = {
  node_cpu_usage_seconds_total: { part: "cpuSeconds", factor: 1 },
  node_memory_working_set_bytes: { part: "memoryBytes", factor: 1 },
  container_cpu_usage_seconds_total: { part: "cpuSeconds", factor: 1 },
  container_memory_working_set_bytes: { part: "memoryBytes", factor: 1 },
  container_start_time_seconds: { part: "startedAtMs", factor: 1000 },
};

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

type PartialPoint = { -readonly [K in keyof UsagePoint]?: UsagePoint[K] };

/** Reads what a kubelet answers on `/metrics/resource`, in the text format of Prometheus. What is not known or not whole is left out. */
export function parseNodeSample(text: string): NodeSample {
  const node: PartialPoint = {};
  const pods = new Map<string, Map<string, PartialPoint>>();
  for (const line of text.split("\n")) {
    const [, name = "", labelText = "", valueText = "", time] = LINE.exec(line) ?? [];
    const family = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
    const value = Number(valueText);
    if (family === undefined || !Number.isFinite(value)) continue;
    const point = name.startsWith("node_") ? node : pointOf(pods, labelText);
    point[family.part] = value * family.factor;
    if (time !== undefined && family.part === "cpuSeconds") point.timeMs = Number(time);
  }
  return {
    node: wholePoint(node),
    pods: new Map(
      Array.from(pods, ([key, containers]) => [
        key,
        new Map(
          Array.from(containers, ([name, point]) => [name, wholePoint(point)] as const).filter(
            (entry): entry is readonly [string, UsagePoint] => entry[1] !== undefined,
          ),
        ),
      ]),
    ),
  };
}

function pointOf(pods: Map<string, Map<string, PartialPoint>>, labelText: string): PartialPoint {
  const labels = new Map(Array.from(labelText.matchAll(LABEL), ([, name = "", value = ""]) => [name, value]));
  const key = `${labels.get("namespace") ?? ""}/${labels.get("pod") ?? ""}`;
  const containers = pods.get(key) ?? new Map<string, PartialPoint>();
  pods.set(key, containers);
  const container = labels.get("container") ?? "";
  const point = containers.get(container) ?? {};
  containers.set(container, point);
  return point;
}

function wholePoint({ timeMs, cpuSeconds, memoryBytes, startedAtMs }: PartialPoint): UsagePoint | undefined {
  if (timeMs === undefined || cpuSeconds === undefined || memoryBytes === undefined) return undefined;
  return { timeMs, cpuSeconds, memoryBytes, ...(startedAtMs === undefined ? {} : { startedAtMs }) };
}
