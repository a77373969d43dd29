import { podKind, podRequests, Quantity, tryParseQuantity, type KubeObject, type Node, type Pod } from "@skiff/api";
import { html, type Html } from "./html.ts";
import { htmlTable } from "./html-table.ts";
import type { PageContext } from "./page-request.ts";
import { nodeUsage } from "./resource-usage.ts";

/** So many Pods of a node are added up. */
const POD_LIMIT = 1000;

/** What a node has, what its Pods ask for, and what is really used where the metrics API tells it. */
export async function renderNodeResources(context: PageContext, object: KubeObject): Promise<Html> {
  const { capacity = {}, allocatable = {} } = (object as Node).status ?? {};
  const name = object.metadata?.name ?? "";
  const [requested, used] = await Promise.all([requestedOn(context, name), nodeUsage(context, name)]);
  const rows = Object.keys(capacity).map((resource) => {
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
  return htmlTable({ caption: "Resources", headings: ["Resource", "Capacity", "Allocatable", "Requested by Pods", "Used"], rows });
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
