import { type FieldError, invalidValue, required } from "../field-error.ts";
import type { Event } from "../generated/types.ts";
import { requiredText } from "./field-checks.ts";
import { byteLength, checkQualifiedName } from "./names.ts";
import { invalidEach } from "./field-checks.ts";

const MAX_REASON = 128;
const MAX_NOTE = 1024;

/**
 * Everything that is wrong with an Event. Events of the newer kind have an `eventTime` and more rules; those of the
 * older one come from clients that know none of them.
 */
export function validateEvent(event: Event, old: Event | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata?.namespace ?? "";
  const involved = event.involvedObject?.namespace ?? "";
  // Events about objects without a namespace are kept in `default`.
  if (involved === "" ? namespace !== "default" && namespace !== "kube-system" && namespace !== "" : involved !== namespace) {
    errors.push(invalidValue("involvedObject.namespace", involved, "does not match event.namespace"));
  }
  if (old !== undefined || !event.eventTime) return errors;
  errors.push(
    ...requiredText("reportingController", event.reportingComponent),
    ...requiredText("reportingInstance", event.reportingInstance),
  );
  if (event.reportingComponent) {
    errors.push(...invalidEach("reportingController", event.reportingComponent, checkQualifiedName(event.reportingComponent)));
  }
  errors.push(...requiredText("action", event.action), ...requiredText("reason", event.reason));
  for (const name of ["action", "reason", "reportingInstance"] as const) {
    if (byteLength(event[name] ?? "") > MAX_REASON) errors.push(invalidValue(name, "", `can have at most ${MAX_REASON} characters`));
  }
  if (byteLength(event.message ?? "") > MAX_NOTE) errors.push(invalidValue("message", "", `can have at most ${MAX_NOTE} characters`));
  if (!event.type) errors.push(required("type"));
  else if (event.type !== "Normal" && event.type !== "Warning") errors.push(invalidValue("type", "", `has invalid value: ${event.type}`));
  return errors;
}
