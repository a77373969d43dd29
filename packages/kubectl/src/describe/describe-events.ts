import type { Event, KubeList } from "@skiff/api";
import type { SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { eventAge, type Description } from "./description.ts";

/** The events about an object, oldest first. */
export async function eventsOf(session: Session, { object, resource, namespace }: SelectedObject): Promise<readonly Event[]> {
  const mapper = await session.mapper();
  const events = await mapper.byKind("v1", "Event").catch(() => undefined);
  if (events === undefined) return [];
  const { name, uid } = object.metadata ?? {};
  const selectors = [`involvedObject.name=${name ?? ""}`, `involvedObject.kind=${resource.kind}`];
  if (namespace) selectors.push(`involvedObject.namespace=${namespace}`);
  // The events of nodes carry the node's name as uid.
  if (uid && resource.kind !== "Node") selectors.push(`involvedObject.uid=${uid}`);
  const list = (await session.request(
    events,
    { namespace },
    { query: { fieldSelector: selectors.join(","), limit: 500 } },
  )) as KubeList<Event>;
  return [...list.items].sort((a, b) => lastSeen(a).localeCompare(lastSeen(b)));
}

/** When an event was last seen. */
export function lastSeen({ lastTimestamp, series, eventTime, firstTimestamp, metadata }: Event): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata?.creationTimestamp ?? "";
}

/** The table of events that ends most descriptions. */
export function describeEvents(out: Description, events: readonly Event[], nowMs: number): void {
  if (events.length === 0) {
    out.line(0, "Events:\t<none>");
    return;
  }
  out.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
  out.line(1, "----\t------\t----\t----\t-------");
  for (const event of events) {
    const count = event.series?.count ?? event.count ?? 1;
    const age = eventAge(event.firstTimestamp ?? event.eventTime, lastSeen(event), count, nowMs);
    const from = event.source?.component || event.reportingComponent || "";
    const part = event.involvedObject.fieldPath ? `${event.involvedObject.fieldPath}: ` : "";
    out.line(1, `${event.type ?? ""}\t${event.reason ?? ""}\t${age}\t${from}\t${part}${(event.message ?? "").trim()}`);
  }
}
