import { selectorFromLabels, selectorFromLabelSelector, type KubeObject, type LabelSelector } from "@skiff/api";
import { requestTable, type DiscoveredResource } from "@skiff/client";
import { html, type Html } from "./html.ts";
import { filterRows, renderTable } from "./object-table.ts";
import { explainError } from "./page-error.ts";
import type { PageContext } from "./page-request.ts";
import { pluralTitle } from "./resource-names.ts";

/** So many related objects of a kind are looked at. */
const LIMIT = 500;

/** Objects of one kind that belong to another object. */
interface Relation {
  /** `pods`, `replicasets.apps`. */
  readonly resource: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Of these only the ones that the object owns. */
  readonly ownedOnly?: boolean;
}

/** Fields that say to which Pods an object belongs, as far as kinds have them. */
interface Selecting extends KubeObject {
  readonly spec?: { readonly selector?: LabelSelector | Readonly<Record<string, string>> };
}

const POD_OWNERS = new Set(["replicasets.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch"]);

/** Which objects belong to one of a built-in kind. Of other kinds nothing is known but what owner references say. */
export function relationsOf(resource: string, object: KubeObject): readonly Relation[] {
  const { name = "" } = object.metadata ?? {};
  const selector = (object as Selecting).spec?.selector;
  if (resource === "nodes") return [{ resource: "pods", fieldSelector: `spec.nodeName=${name}` }];
  if (resource === "cronjobs.batch") return [{ resource: "jobs.batch", ownedOnly: true }];
  if (resource === "services") {
    const slices = { resource: "endpointslices.discovery.k8s.io", labelSelector: `kubernetes.io/service-name=${name}` };
    const labels = (selector ?? {}) as Readonly<Record<string, string>>;
    return Object.keys(labels).length === 0 ? [slices] : [{ resource: "pods", labelSelector: String(selectorFromLabels(labels)) }, slices];
  }
  if (resource === "replicationcontrollers") {
    const labels = (selector ?? {}) as Readonly<Record<string, string>>;
    return [{ resource: "pods", labelSelector: String(selectorFromLabels(labels)), ownedOnly: true }];
  }
  const labelSelector = selector === undefined ? undefined : String(selectorFromLabelSelector(selector as LabelSelector));
  if (resource === "deployments.apps") {
    return [
      { resource: "replicasets.apps", labelSelector, ownedOnly: true },
      { resource: "pods", labelSelector },
    ];
  }
  return POD_OWNERS.has(resource) ? [{ resource: "pods", labelSelector, ownedOnly: true }] : [];
}

/** The related objects as tables, by the server's columns. */
export async function renderRelations(context: PageContext, object: KubeObject, relations: readonly Relation[]): Promise<readonly Html[]> {
  const tables = await Promise.all(
    relations.map(async (relation) => {
      const resource = await context.session.catalog.find(relation.resource);
      return resource === undefined ? undefined : renderRelation(context, object, relation, resource);
    }),
  );
  return tables.filter((table) => table !== undefined);
}

async function renderRelation(
  { host, session, request }: PageContext,
  object: KubeObject,
  { labelSelector, fieldSelector, ownedOnly = false }: Relation,
  resource: DiscoveredResource,
): Promise<Html> {
  const namespace = object.metadata?.namespace;
  try {
    const options = { namespace, labelSelector, fieldSelector, limit: LIMIT, signal: request.signal };
    const table = await requestTable(session.client, resource, options, host.clock.now());
    const shown = ownedOnly ? filterRows(table, (each) => isOwnedBy(each, object)) : table;
    return renderTable(shown, { caption: pluralTitle(resource), resource, withNamespace: resource.namespaced && namespace === undefined });
  } catch (error) {
    return html`<p>${pluralTitle(resource)}: ${explainError(error).sentence}</p>`;
  }
}

/** Whether an owner reference leads from `object` to `owner`. */
export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata?.ownerReferences?.some(({ uid }) => uid === owner.metadata?.uid) ?? false;
}
