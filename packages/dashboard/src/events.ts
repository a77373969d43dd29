import { ageSince, eventKind, type Event } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import { objectAddress } from "./addresses.ts";
import { html, type Html } from "./html.ts";
import { htmlTable } from "./html-table.ts";
import type { PageContext } from "./page-request.ts";

/** So many events are fetched at most; the newest of them are shown. */
const FETCH_LIMIT = 1000;

/** Which events to show. */
interface EventSelection {
  readonly namespace?: string;
  readonly fieldSelector: string;
  /** How many of the newest. */
  readonly count: number;
}

/** The newest events of a selection, newest first. */
export async function newestEvents({ session, request }: PageContext, selection: EventSelection): Promise<readonly Event[]> {
  const { namespace, fieldSelector, count } = selection;
  const { items } = await session.client.resource(eventKind).list({ namespace, fieldSelector, limit: FETCH_LIMIT, signal: request.signal });
  return [...items].sort((a, b) => Date.parse(lastSeen(b)) - Date.parse(lastSeen(a))).slice(0, count);
}

function lastSeen(event: Event): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata?.creationTimestamp ?? "";
}

/** Events as a table. Objects are links where the server serves their kind. */
export async function renderEvents(context: PageContext, events: readonly Event[], caption: string, withObject: boolean): Promise<Html> {
  if (events.length === 0) return html`<p class="empty">${caption}: there are none.</p>`;
  const nowMs = context.host.clock.now();
  const rows = await Promise.all(
    events.map(async (event) => {
      const { involvedObject: about, type, reason, message, count, series } = event;
      const { apiVersion = "v1", kind = "" } = about ?? {};
      const resource = withObject ? await context.session.catalog.ofKind({ apiVersion, kind }) : undefined;
      return html`<tr>
        <td>${ageSince(lastSeen(event), nowMs)}</td>
        <td><span class="state ${type === "Warning" ? "bad" : "rest"}">${type ?? ""}</span></td>
        <th scope="row">${reason ?? ""}</th>
        ${withObject && html`<td>${objectLink(event, resource)}</td>`}
        <td>${message ?? ""}</td>
        <td>${count ?? series?.count ?? 1}</td>
      </tr> `;
    }),
  );
  const headings = ["Last seen", "Type", "Reason", ...(withObject ? ["Object"] : []), "Message", "Count"];
  return htmlTable({ caption, headings, rows });
}

function objectLink({ involvedObject: about }: Event, resource: DiscoveredResource | undefined): Html {
  const { kind = "", name = "", namespace } = about ?? {};
  const text = `${kind} ${name}`;
  if (resource === undefined || name === "") return html`${text}`;
  return html`<a href="${objectAddress(resource, { namespace: resource.namespaced ? namespace : undefined, name })}">${text}</a>`;
}
