import { nodeMetricsKind, parseQuantity, podMetricsKind, type ResourceUsage } from "@skiff/api";
import { sleep, type Clock } from "@skiff/base";
import type { PageContext } from "./page-request.ts";

/** So long a page waits for what is used. */
const PATIENCE_MS = 400;

/** What a node uses; `undefined` without a metrics API, or for whom it is not meant. */
export async function nodeUsage({ host, session }: PageContext, name: string): Promise<ResourceUsage | undefined> {
  const metrics = await promptly(host.clock, session.client.resource(nodeMetricsKind).get({ name }));
  return metrics === undefined ? undefined : rounded(metrics.usage);
}

/** What the containers of a Pod use, by their names; empty where it is not known. */
export async function containerUsage(
  { host, session }: PageContext,
  pod: { readonly namespace: string; readonly name: string },
): Promise<ReadonlyMap<string, ResourceUsage>> {
  const metrics = await promptly(host.clock, session.client.resource(podMetricsKind).get(pod));
  return new Map(metrics?.containers.map(({ name, usage }) => [name, rounded(usage)]));
}

/** An answer that comes soon. Whoever measures may begin only when asked: a page does not wait for that, the next one has it. */
function promptly<T>(clock: Clock, asked: Promise<T>): Promise<T | undefined> {
  const nothing = (): undefined => undefined;
  return Promise.race([asked.catch(nothing), sleep(clock, PATIENCE_MS).then(nothing)]);
}

/** Nanoseconds and bytes are finer than anybody reads; `kubectl top` rounds likewise. */
function rounded({ cpu = "0", memory = "0" }: ResourceUsage): ResourceUsage {
  return {
    cpu: `${Math.ceil(parseQuantity(cpu).toNumber() * 1000)}m`,
    memory: `${Math.floor(parseQuantity(memory).toNumber() / 2 ** 20)}Mi`,
  };
}
