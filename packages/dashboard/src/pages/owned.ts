import { groupResource, type KubeObject } from "@skiff/api";
import { requestTable, type DiscoveredResource } from "@skiff/client";
import { objectAddress } from "../addresses.ts";
import { html, type Html } from "../html.ts";
import { filterRows, renderTable } from "../object-table.ts";
import type { Page, PageContext } from "../page-request.ts";
import { isOwnedBy } from "../related-objects.ts";
import { pluralTitle } from "../resource-names.ts";
import { requestedObject } from "./object.ts";

/** Objects of a kind that are looked at; of more the page says so. */
const LOOK_LIMIT = 2000;
/** So many kinds are asked for at the same time. */
const PARALLEL = 4;

/**
 * Every object that another one owns, of whatever kind. Owner references lead upward only, so that all kinds must be looked
 * through: a page of its own, for those who ask for it.
 */
export async function ownedPage(context: PageContext): Promise<Page> {
  const { resource, namespace, name, object } = await requestedObject(context);
  const kinds = (await context.session.catalog.resources()).filter((each) => mayBeOwned(each, namespace));
  const waiting = [...kinds];
  const found: Html[] = [];
  const skipped: string[] = [];
  const work = async (): Promise<void> => {
    for (let kind = waiting.pop(); kind !== undefined; kind = waiting.pop()) {
      const table = await ownedOf(context, kind, object, skipped);
      if (table !== undefined) found.push(table);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return {
    title: `What ${resource.kind} ${name} owns`,
    content: html`<p class="trail"><a href="${objectAddress(resource, { namespace, name })}">${resource.kind} ${name}</a></p>
      ${found.length === 0 ? html`<p class="empty">Nothing was found.</p>` : found}
      ${skipped.length > 0 && html`<p>Not or not wholly looked through: ${skipped.sort().join(", ")}.</p>`}`,
  };
}

/** Events are about objects, and own nothing; measurements belong to nobody. An owner's namespace is that of what it owns. */
function mayBeOwned({ group, plural, namespaced }: DiscoveredResource, namespace: string | undefined): boolean {
  if (plural === "events" || group === "metrics.k8s.io") return false;
  return namespace === undefined || namespaced;
}

async function ownedOf(
  { host, session, request }: PageContext,
  resource: DiscoveredResource,
  owner: KubeObject,
  skipped: string[],
): Promise<Html | undefined> {
  try {
    const options = { namespace: owner.metadata?.namespace, limit: LOOK_LIMIT, signal: request.signal };
    const table = await requestTable(session.client, resource, options, host.clock.now());
    if (table.metadata?.continue) skipped.push(groupResource(resource));
    const owned = filterRows(table, (object) => isOwnedBy(object, owner));
    if (owned.rows.length === 0) return undefined;
    return renderTable(owned, {
      caption: pluralTitle(resource),
      resource,
      withNamespace: resource.namespaced && owner.metadata?.namespace === undefined,
    });
  } catch {
    skipped.push(groupResource(resource));
    return undefined;
  }
}
