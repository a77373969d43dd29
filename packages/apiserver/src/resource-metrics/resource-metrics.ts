import {
  nodeKind,
  podKind,
  Quantity,
  type KubeObject,
  type Node,
  type NodeMetrics,
  type Pod,
  type PodMetrics,
  type ResourceUsage,
} from "@skiff/api";
import { formatTime, type Host } from "@skiff/base";
import type { ObjectReader } from "../object-reader.ts";
import type { NodeConnector } from "../ports/node-connector.ts";
import type { VirtualResource } from "../virtual-resource.ts";
import type { MeasuredUsage, UsageHistory } from "./usage-history.ts";
import { UsageScraper } from "./usage-scraper.ts";

/** What the metrics API is made of. */
interface ResourceMetricsOptions {
  readonly host: Host;
  readonly reader: ObjectReader;
  /** Reaches the kubelets. */
  readonly connector: NodeConnector;
}

/** The metrics API (`metrics.k8s.io/v1beta1`), fed by the kubelets. */
export interface ResourceMetrics {
  /** For `ServerParts.virtualResources`. */
  readonly virtualResources: ReadonlyMap<string, VirtualResource>;
  /** Asks no node any more. */
  stop(): void;
}

/** The metrics API for the kinds `metricsKinds`. It gives way to an extension server that an APIService names for the group. */
export function createResourceMetrics({ host, reader, connector }: ResourceMetricsOptions): ResourceMetrics {
  const scraper = new UsageScraper({ host, connector, nodes: () => reader.list(nodeKind) });
  const nodes: VirtualResource = {
    givesWay: true,
    async get(name) {
      const node = reader.get(nodeKind, undefined, name);
      return node === undefined ? undefined : nodeMetrics(await scraper.usage(), node);
    },
    async list() {
      const usage = await scraper.usage();
      return present(reader.list(nodeKind).map((node) => nodeMetrics(usage, node)));
    },
  };
  const pods: VirtualResource = {
    givesWay: true,
    async get(name, { namespace }) {
      const pod = reader.get(podKind, namespace, name);
      return pod === undefined ? undefined : podMetrics(await scraper.usage(), pod);
    },
    async list({ namespace }) {
      const usage = await scraper.usage();
      return present(reader.list(podKind, namespace === "" ? undefined : namespace).map((pod) => podMetrics(usage, pod)));
    },
  };
  return {
    virtualResources: new Map([
      ["metrics.k8s.io/NodeMetrics", nodes],
      ["metrics.k8s.io/PodMetrics", pods],
    ]),
    stop: () => scraper.stop(),
  };
}

function nodeMetrics(history: UsageHistory, { metadata }: Node): NodeMetrics | undefined {
  const usage = history.node(metadata?.name ?? "");
  return usage && { ...measured("NodeMetrics", metadata, usage), usage: amounts(usage) };
}

function podMetrics(history: UsageHistory, { metadata, spec }: Pod): PodMetrics | undefined {
  const { namespace = "", name = "" } = metadata ?? {};
  const containers = history.pod(spec?.nodeName ?? "", `${namespace}/${name}`);
  const [first, ...others] = containers?.values() ?? [];
  if (containers === undefined || first === undefined) return undefined;
  // The Pod's span is that of its container with the oldest reading, as upstream's.
  const oldest = others.reduce((oldest, usage) => (usage.timeMs < oldest.timeMs ? usage : oldest), first);
  return {
    ...measured("PodMetrics", metadata, oldest),
    containers: Array.from(containers, ([container, usage]) => ({ name: container, usage: amounts(usage) })),
  };
}

function measured(kind: string, metadata: KubeObject["metadata"], { timeMs, windowMs }: MeasuredUsage) {
  const { name = "", namespace, labels } = metadata ?? {};
  const time = formatTime(timeMs);
  return {
    apiVersion: "metrics.k8s.io/v1beta1",
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: time,
      ...(labels === undefined ? {} : { labels: { ...labels } }),
    },
    timestamp: time,
    window: `${windowMs / 1000}s`,
  };
}

function amounts({ cpuNanoCores, memoryBytes }: MeasuredUsage): ResourceUsage {
  return {
    cpu: new Quantity(BigInt(cpuNanoCores)).toString(),
    memory: Quantity.of(Math.round(memoryBytes), "BinarySI").toString(),
  };
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value): value is T => value !== undefined);
}
