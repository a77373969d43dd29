import { groupResource } from "@skiff/api";
import { requestTable, type DiscoveredResource, type Table } from "@skiff/client";
import { address } from "../addresses.ts";
import { html, type Html } from "../html.ts";
import { renderTable } from "../object-table.ts";
import type { Page, PageContext } from "../page-request.ts";
import { pluralTitle } from "../resource-names.ts";

/** Rows on one page. */
const PAGE_SIZE = 100;
/** A search by name looks at so many objects at most. */
const SEARCH_LIMIT = 10_000;
const SEARCH_CHUNK = 500;

/** The objects of a kind, by the columns that the server has for it. */
export async function listPage(context: PageContext): Promise<Page> {
  const { session, request } = context;
  const resource = await session.catalog.resource(request.query.get("resource"));
  const namespace = (resource.namespaced && request.query.get("namespace")) || undefined;
  const search = request.query.get("search")?.trim() ?? "";
  const found = search === "" ? await onePage(context, resource, namespace) : await searched(context, resource, namespace, search);
  const title = pluralTitle(resource);
  const where = namespace === undefined ? (resource.namespaced ? "in all namespaces" : "in the cluster") : `in namespace ${namespace}`;
  const table = renderTable(found.table, {
    caption: `${title} ${where}`,
    resource,
    withNamespace: resource.namespaced && namespace === undefined,
    wide: request.query.get("wide") === "1",
  });
  return {
    title,
    watches: [{ resource: groupResource(resource), namespace }],
    content: html`${filterForm(context, resource)}
      <div data-live="list">${found.note !== "" && html`<p>${found.note}</p>`}${table}</div>
      ${nextLink(context, found.table)}`,
  };
}

interface Found {
  readonly table: Table;
  readonly note: string;
}

async function onePage(
  { host, session, request }: PageContext,
  resource: DiscoveredResource,
  namespace: string | undefined,
): Promise<Found> {
  const { query, signal } = request;
  const labelSelector = query.get("labels") || undefined;
  const continued = query.get("continue") || undefined;
  const options = { namespace, labelSelector, limit: PAGE_SIZE, continue: continued, signal };
  const table = await requestTable(session.client, resource, options, host.clock.now());
  const left = table.metadata?.remainingItemCount;
  return { table, note: left === undefined ? "" : `These are ${table.rows.length}; ${left} more follow.` };
}

/** Looks through the names, page by page. */
async function searched(
  { host, session, request }: PageContext,
  resource: DiscoveredResource,
  namespace: string | undefined,
  search: string,
): Promise<Found> {
  const labelSelector = request.query.get("labels") || undefined;
  const rows: Table["rows"][number][] = [];
  let seen = 0;
  let table: Table;
  let next: string | undefined;
  do {
    const options = { namespace, labelSelector, limit: SEARCH_CHUNK, continue: next, signal: request.signal };
    table = await requestTable(session.client, resource, options, host.clock.now());
    rows.push(...table.rows.filter(({ object }) => object?.metadata?.name?.includes(search)));
    seen += table.rows.length;
    next = table.metadata?.continue || undefined;
  } while (next !== undefined && seen < SEARCH_LIMIT && rows.length < PAGE_SIZE);
  const note = next === undefined ? "" : `The first ${seen} objects were looked at; there are more.`;
  return { table: { ...table, metadata: {}, rows: rows.slice(0, PAGE_SIZE) }, note };
}

function filterForm({ request: { query } }: PageContext, resource: DiscoveredResource): Html {
  const isWide = query.get("wide") === "1";
  return html`<form class="filter" method="get" action="./list" role="search">
    <input type="hidden" name="resource" value="${groupResource(resource)}" />
    <input type="hidden" name="namespace" value="${query.get("namespace") ?? ""}" />
    <label>Name contains <input name="search" value="${query.get("search") ?? ""}" /></label>
    <label>Label selector <input name="labels" value="${query.get("labels") ?? ""}" placeholder="app=web" /></label>
    <label><input type="checkbox" name="wide" value="1" ${isWide && html` checked`} /> All columns</label>
    <button>Filter</button>
  </form>`;
}

function nextLink({ request: { query } }: PageContext, table: Table): Html | undefined {
  const next = table.metadata?.continue;
  if (next === undefined || next === "") return undefined;
  return html`<p><a href="${address("list", { ...Object.fromEntries(query), continue: next })}">Next page</a></p>`;
}
