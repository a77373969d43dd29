import {
  nodeMetricsKind,
  parseQuantity,
  podKind,
  podRequests,
  Quantity,
  tryParseQuantity,
  type KubeObject,
  type Node,
  type Pod,
  type ResourceUsage,
} from "@skiff/api";
import { html, type Html } from "./html.ts";
import type { PageContext } from "./page-request.ts";

/** So many Pods of a node are added up. */
const POD_LIMIT = 1000;

/** What a node has, what its Pods ask for, and what is really used where the metrics API tells it. */
export async function renderNodeResources(context: PageContext, object: KubeObject): Promise<Html> {
  const { capacity = {}, allocatable = {} } = (object as Node).status ?? {};
  const name = object.metadata?.name ?? "";
  const [requested, used] = await Promise.all([requestedOn(context, name), usageOf(context, name)]);
  const lines = Object.keys(capacity).map((resource) => {
    const available = allocatable[resource];
    const asked = resource === "pods" ? requested?.count : requested?.amounts.get(resource);
    return html`<tr>
      <th scope="row">${resource}</th>
      <td>${capacity[resource]}</td>
      <td>${available ?? ""}</td>
      <td>${share(asked, available)}</td>
      <td>${share(used?.[resource], available)}</td>
    </tr>`;
  });
  return html`<div class="wide" role="region" aria-label="Resources" tabindex="0">
    <table>
      <caption>
        Resources
      </caption>
      <thead>
        <tr>
          <th scope="col">Resource</th>
          <th scope="col">Capacity</th>
          <th scope="col">Allocatable</th>
          <th scope="col">Requested by Pods</th>
          <th scope="col">Used</th>
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>
  </div>`;
}

/** An amount and how much it is of what there is; empty when it is not known. */
function share(amount: string | undefined, available: string | undefined): string {
  if (amount === undefined) return "";
  const [part, whole] = [tryParseQuantity(amount)?.toNumber() ?? 0, tryParseQuantity(available)?.toNumber() ?? 0];
  return whole > 0 ? `${amount} (${Math.round((part / whole) * 100)} %)` : amount;
}

interface Requested {
  readonly count: string;
  readonly amounts: ReadonlyMap<string, string>;
}

/** What the Pods of a node ask for together; `undefined` when the user may not see them. */
async function requestedOn({ session, request }: PageContext, node: string): Promise<Requested | undefined> {
  try {
    const fieldSelector = `spec.nodeName=${node},status.phase!=Succeeded,status.phase!=Failed`;
    const { items } = await session.client.resource(podKind).list({ fieldSelector, limit: POD_LIMIT, signal: request.signal });
    const sums = new Map<string, Quantity>();
    for (const pod of items as readonly Pod[]) {
      for (const [resource, amount] of podRequests(pod)) sums.set(resource, (sums.get(resource) ?? Quantity.zero).add(amount));
    }
    return { count: String(items.length), amounts: new Map(Array.from(sums, ([resource, sum]) => [resource, String(sum)])) };
  } catch {
    return undefined;
  }
}

/** What the node uses; `undefined` without a metrics API, or for whom it is not meant. */
async function usageOf({ session }: PageContext, node: string): Promise<ResourceUsage | undefined> {
  try {
    const { usage } = await session.client.resource(nodeMetricsKind).get({ name: node });
    const { cpu = "0", memory = "0" } = usage;
    return { cpu: milli(cpu), memory: mebi(memory) };
  } catch {
    return undefined;
  }
}

/** Nanoseconds and bytes are finer than anybody reads; `kubectl top` rounds likewise. */
function milli(cpu: string): string {
  return `${Math.ceil(parseQuantity(cpu).toNumber() * 1000)}m`;
}

function mebi(memory: string): string {
  return `${Math.floor(parseQuantity(memory).toNumber() / 2 ** 20)}Mi`;
}
