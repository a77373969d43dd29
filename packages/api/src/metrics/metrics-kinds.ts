import { nameColumn, textColumn } from "../columns/common-columns.ts";
import { defineKind, type Column, type KindDefinition } from "../kind.ts";
import type { KubeObject, ObjectMeta } from "../object.ts";
import { parseQuantity, Quantity } from "../quantity.ts";
import type { Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";

/** Amounts by resource, `cpu` and `memory`, as quantities. */
export type ResourceUsage = Readonly<Record<string, string>>;

/** What a container uses. */
export interface ContainerMetrics {
  readonly name: string;
  readonly usage: ResourceUsage;
}

interface Measured extends KubeObject {
  metadata?: ObjectMeta;
  /** When the window ended, RFC 3339. */
  readonly timestamp: string;
  /** The time over which CPU was averaged, as a duration such as `15.02s`. */
  readonly window: string;
}

/** What a node uses (`metrics.k8s.io/v1beta1`). */
export interface NodeMetrics extends Measured {
  readonly usage: ResourceUsage;
}

/** What the containers of a Pod use (`metrics.k8s.io/v1beta1`). */
export interface PodMetrics extends Measured {
  readonly containers: readonly ContainerMetrics[];
}

const GROUP = "metrics.k8s.io";
const VERSION = "v1beta1";
const DEFINITIONS = "io.k8s.metrics.pkg.apis.metrics.v1beta1";

function usageColumns<T extends Measured>(usageOf: (object: T) => ResourceUsage): readonly Column<T>[] {
  return [
    nameColumn<T>(),
    textColumn<T>("cpu", "The CPU that is used, in cores.", (object) => usageOf(object)["cpu"]),
    textColumn<T>("memory", "The working set, in bytes.", (object) => usageOf(object)["memory"]),
    textColumn<T>("Window", "The time over which CPU was averaged.", ({ window }) => window),
  ];
}

/** What a Pod uses: the sum over its containers. */
export function totalUsage(containers: readonly ContainerMetrics[]): ResourceUsage {
  const total = (resource: string): string =>
    containers.reduce((sum, { usage }) => sum.add(parseQuantity(usage[resource] ?? "0")), Quantity.zero).toString();
  return { cpu: total("cpu"), memory: total("memory") };
}

/** What nodes use; computed, never stored. */
export const nodeMetricsKind = defineKind<NodeMetrics>({
  group: GROUP,
  version: VERSION,
  kind: "NodeMetrics",
  plural: "nodes",
  singular: "node",
  namespaced: false,
  schema: `${DEFINITIONS}.NodeMetrics`,
  verbs: ["get", "list"],
  columns: usageColumns(({ usage }) => usage),
});

/** What Pods use; computed, never stored. */
export const podMetricsKind = defineKind<PodMetrics>({
  group: GROUP,
  version: VERSION,
  kind: "PodMetrics",
  plural: "pods",
  singular: "pod",
  namespaced: true,
  schema: `${DEFINITIONS}.PodMetrics`,
  verbs: ["get", "list"],
  columns: usageColumns(({ containers }) => totalUsage(containers)),
});

/** Both kinds of the group, as a server that has them serves them beside those of Kubernetes. */
export const metricsKinds: readonly KindDefinition[] = [
  nodeMetricsKind as unknown as KindDefinition,
  podMetricsKind as unknown as KindDefinition,
];

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const USAGE: Schema = {
  type: "object",
  additionalProperties: { ref: "io.k8s.apimachinery.pkg.api.resource.Quantity" },
  description: "The amounts that are used, by resource.",
};
const HEAD: readonly (readonly [string, Schema])[] = [
  ["apiVersion", { type: "string", description: "The version of this form of an object." }],
  ["kind", { type: "string", description: "The kind of the object." }],
  ["metadata", { ref: `${META}.ObjectMeta`, description: "Standard object's metadata." }],
];
const MEASURED: readonly (readonly [string, Schema])[] = [
  ["timestamp", { ref: `${META}.Time`, description: "When the window ended." }],
  ["window", { ref: `${META}.Duration`, description: "The time over which usage was measured." }],
];

/** Adds the definitions of the group to a registry. */
export function addMetricsSchemas(schemas: SchemaRegistry): void {
  const kind = (name: string, own: readonly [string, Schema], required: readonly string[]): void =>
    schemas.add(`${DEFINITIONS}.${name}`, {
      type: "object",
      description: `${name} is what was measured of resources that are used.`,
      properties: new Map([...HEAD, ...MEASURED, own]),
      required: [...required, "timestamp", "window"],
      groupVersionKinds: [{ group: GROUP, version: VERSION, kind: name }],
    });
  schemas.add(`${META}.Duration`, { type: "string", description: "A duration such as 15.02s." });
  schemas.add(`${DEFINITIONS}.ContainerMetrics`, {
    type: "object",
    description: "ContainerMetrics is what a container uses.",
    properties: new Map<string, Schema>([
      ["name", { type: "string", description: "The container's name in its Pod." }],
      ["usage", USAGE],
    ]),
    required: ["name", "usage"],
  });
  kind("NodeMetrics", ["usage", USAGE], ["usage"]);
  const containers: Schema = { type: "array", items: { ref: `${DEFINITIONS}.ContainerMetrics` }, description: "By container." };
  kind("PodMetrics", ["containers", containers], ["containers"]);
}
