import { messageOf, parseDuration, parseTime } from "@skiff/base";
import {
  isStatus,
  podMetricsKind,
  selectorFromLabelSelector,
  type CrossVersionObjectReference,
  type LabelSelector,
  type MetricIdentifier,
  type MetricSpec,
  type PodMetrics,
} from "@skiff/api";
import type { Client } from "@skiff/client";
import { milliOf, type MetricReading, type PodReading } from "./metric-reading.ts";

const CUSTOM = "custom.metrics.k8s.io";
const EXTERNAL = "external.metrics.k8s.io";
const DEFAULT_WINDOW_MS = 60_000;

/** One value of `custom.metrics.k8s.io` or `external.metrics.k8s.io`, as far as it is read. */
interface MetricValue {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp?: string;
  readonly windowSeconds?: number;
  readonly value?: string;
}

/** Whose Pods are measured. */
interface MeasuredTarget {
  readonly namespace: string;
  /** The selector of the target's scale. */
  readonly selector: string;
}

/** The plural, with its group, of the kind that a reference names (`ingresses.networking.k8s.io`). */
type ResourceNameOf = (reference: CrossVersionObjectReference) => Promise<string>;

/** Asks the three metrics APIs. */
export class Measurements {
  readonly #client: Client;
  readonly #resourceNameOf: ResourceNameOf;

  constructor(client: Client, resourceNameOf: ResourceNameOf) {
    this.#client = client;
    this.#resourceNameOf = resourceNameOf;
  }

  /** What there is for a metric; never rejects. */
  async read(metric: MetricSpec, target: MeasuredTarget): Promise<MetricReading> {
    const { resource, containerResource, pods, object, external } = metric;
    if (resource !== undefined) return this.#resource(resource.name, undefined, target);
    if (containerResource !== undefined) return this.#resource(containerResource.name, containerResource.container, target);
    if (pods !== undefined) return this.#custom(() => this.#podsMetric(pods.metric, target));
    if (object !== undefined) return this.#custom(() => this.#objectMetric(object.metric, object.describedObject, target.namespace));
    if (external !== undefined) return this.#externalMetric(external.metric, target.namespace);
    return { type: "failure", message: "no metric source" };
  }

  async #resource(name: string, container: string | undefined, { namespace, selector }: MeasuredTarget): Promise<MetricReading> {
    try {
      const { items } = await this.#client.resource(podMetricsKind).list({ namespace, labelSelector: selector });
      if (items.length === 0) return { type: "failure", message: "no metrics returned from resource metrics API" };
      const readings = items.flatMap((item): [string, PodReading][] => {
        const milli = usageOf(item, name, container);
        if (milli === undefined) return [];
        const reading = { milli, timeMs: parseTime(item.timestamp) ?? 0, windowMs: parseDuration(item.window) };
        return [[item.metadata?.name ?? "", reading]];
      });
      return { type: "pods", pods: new Map(readings) };
    } catch (error) {
      return { type: "failure", message: `unable to fetch metrics from resource metrics API: ${messageOf(error)}` };
    }
  }

  async #custom(read: () => Promise<MetricReading>): Promise<MetricReading> {
    try {
      return await read();
    } catch (error) {
      return { type: "failure", message: `unable to fetch metrics from custom metrics API: ${messageOf(error)}` };
    }
  }

  async #podsMetric(metric: MetricIdentifier, { namespace, selector }: MeasuredTarget): Promise<MetricReading> {
    const path = `namespaces/${encodeURIComponent(namespace)}/pods/*/${encodeURIComponent(metric.name)}`;
    const values = await this.#values(await this.#customRoot(), path, {
      labelSelector: selector,
      metricLabelSelector: queryOf(metric.selector),
    });
    if (values.length === 0) return { type: "failure", message: "no metrics returned from custom metrics API" };
    const pods = values.map(({ describedObject, timestamp, windowSeconds, value }): [string, PodReading] => [
      describedObject?.name ?? "",
      {
        milli: milliOf(value),
        timeMs: parseTime(timestamp) ?? 0,
        windowMs: windowSeconds === undefined ? DEFAULT_WINDOW_MS : windowSeconds * 1000,
      },
    ]);
    return { type: "pods", pods: new Map(pods) };
  }

  async #objectMetric(metric: MetricIdentifier, described: CrossVersionObjectReference, namespace: string): Promise<MetricReading> {
    const root = await this.#customRoot();
    const resource = await this.#resourceNameOf(described);
    const name = encodeURIComponent(described.name);
    const place =
      resource === "namespaces" ? `namespaces/${name}/metrics` : `namespaces/${encodeURIComponent(namespace)}/${resource}/${name}`;
    const [value] = await this.#values(root, `${place}/${encodeURIComponent(metric.name)}`, {
      metricLabelSelector: queryOf(metric.selector),
    });
    if (value === undefined) return { type: "failure", message: "no metrics returned from custom metrics API" };
    return { type: "amount", milli: milliOf(value.value) };
  }

  async #externalMetric(metric: MetricIdentifier, namespace: string): Promise<MetricReading> {
    try {
      const path = `namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(metric.name)}`;
      const values = await this.#values(`/apis/${EXTERNAL}/v1beta1`, path, { labelSelector: queryOf(metric.selector) });
      if (values.length === 0) return { type: "failure", message: "no metrics returned from external metrics API" };
      return { type: "amount", milli: values.reduce((sum, { value }) => sum + milliOf(value), 0) };
    } catch (error) {
      return { type: "failure", message: `unable to fetch metrics from external metrics API: ${messageOf(error)}` };
    }
  }

  /** The path of the custom metrics API in the version that its server prefers. */
  async #customRoot(): Promise<string> {
    try {
      const group = (await this.#client.raw({ method: "GET", path: `/apis/${CUSTOM}` })) as {
        readonly preferredVersion?: { readonly version?: string };
      };
      return `/apis/${CUSTOM}/${group.preferredVersion?.version ?? "v1beta2"}`;
    } catch (error) {
      if (isStatus(error, "NotFound")) throw new Error(`no custom metrics API (${CUSTOM}) registered`, { cause: error });
      throw error;
    }
  }

  async #values(root: string, path: string, query: Readonly<Record<string, string | undefined>>): Promise<readonly MetricValue[]> {
    const list = (await this.#client.raw({ method: "GET", path: `${root}/${path}`, query })) as { readonly items?: readonly MetricValue[] };
    return list.items ?? [];
  }
}

/** Thousandths; `undefined` when a container (or the one named) has no such amount, for a part would pass for the whole. */
function usageOf({ containers }: PodMetrics, resource: string, container: string | undefined): number | undefined {
  const counted = container === undefined ? containers : containers.filter(({ name }) => name === container);
  if (counted.length === 0 || counted.some(({ usage }) => usage[resource] === undefined)) return undefined;
  return counted.reduce((sum, { usage }) => sum + milliOf(usage[resource]), 0);
}

function queryOf(selector: LabelSelector | undefined): string | undefined {
  return selector === undefined ? undefined : selectorFromLabelSelector(selector).toString();
}
