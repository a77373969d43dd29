import type { Event, EventsEvent } from "../generated/types.ts";
import type { KubeObject } from "../object.ts";

/** Leaves out what is not set, so that a converted object has no `undefined` fields. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** `events.k8s.io/v1` to the core form, in which events are stored. The fields are the same under other names. */
export function eventToCore(object: KubeObject): KubeObject {
  const event = object as EventsEvent;
  const core: Event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: event.metadata ?? {},
    involvedObject: event.regarding ?? {},
    reason: event.reason,
    message: event.note,
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
    type: event.type,
    eventTime: event.eventTime,
    series: event.series,
    action: event.action,
    related: event.related,
    reportingComponent: event.reportingController,
    reportingInstance: event.reportingInstance,
  };
  return defined(core);
}

/** The core form to `events.k8s.io/v1`. */
export function eventFromCore(object: KubeObject): KubeObject {
  const event = object as Event;
  const newer = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: event.metadata,
    regarding: event.involvedObject,
    reason: event.reason,
    note: event.message,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: event.firstTimestamp,
    deprecatedLastTimestamp: event.lastTimestamp,
    deprecatedCount: event.count,
    type: event.type,
    // The newer form requires the field; events made through the core form have none, and then it is null on the wire.
    eventTime: event.eventTime ?? null,
    series: event.series,
    action: event.action,
    related: event.related,
    reportingController: event.reportingComponent,
    reportingInstance: event.reportingInstance,
  };
  return defined(newer);
}
