import { eventColumns } from "../columns/cluster-columns.ts";
import { eventFromCore, eventToCore } from "../conversion/event-conversion.ts";
import type { Event } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateEvent } from "../validation/event-validation.ts";

/** Something that happened to an object. Stored in the core form; `events.k8s.io/v1` is the same object seen differently. */
export const eventKind = defineKind<Event>({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  namespaced: true,
  shortNames: ["ev"],
  schema: "io.k8s.api.core.v1.Event",
  allowCreateOnUpdate: true,
  otherVersions: [
    {
      group: "events.k8s.io",
      version: "v1",
      schema: "io.k8s.api.events.v1.Event",
      toStored: eventToCore,
      fromStored: eventFromCore,
    },
  ],
  validate: validateEvent,
  columns: eventColumns,
  fieldSelectors: {
    "involvedObject.kind": (event) => event.involvedObject?.kind ?? "",
    "involvedObject.namespace": (event) => event.involvedObject?.namespace ?? "",
    "involvedObject.name": (event) => event.involvedObject?.name ?? "",
    "involvedObject.uid": (event) => event.involvedObject?.uid ?? "",
    "involvedObject.apiVersion": (event) => event.involvedObject?.apiVersion ?? "",
    "involvedObject.resourceVersion": (event) => event.involvedObject?.resourceVersion ?? "",
    "involvedObject.fieldPath": (event) => event.involvedObject?.fieldPath ?? "",
    // The newer kind names the same fields differently.
    "regarding.kind": (event) => event.involvedObject?.kind ?? "",
    "regarding.namespace": (event) => event.involvedObject?.namespace ?? "",
    "regarding.name": (event) => event.involvedObject?.name ?? "",
    "regarding.uid": (event) => event.involvedObject?.uid ?? "",
    "regarding.apiVersion": (event) => event.involvedObject?.apiVersion ?? "",
    "regarding.resourceVersion": (event) => event.involvedObject?.resourceVersion ?? "",
    "regarding.fieldPath": (event) => event.involvedObject?.fieldPath ?? "",
    reason: (event) => event.reason ?? "",
    reportingComponent: (event) => event.reportingComponent || event.source?.component || "",
    reportingController: (event) => event.reportingComponent || event.source?.component || "",
    source: (event) => event.source?.component || event.reportingComponent || "",
    type: (event) => event.type ?? "",
  },
});
