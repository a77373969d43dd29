import { formatTime } from "@skiff/base";
import { trackUpdate, type KubeObject, type ManagedFieldsEntry, type WriteOrigin } from "@skiff/api";
import type { ResourceContext } from "../request-context.ts";
import { toServedVersion } from "../served-resources.ts";
import type { WriteOptions } from "../write-options.ts";

/** Upstream's limit of a manager's name, in bytes. */
const MAX_MANAGER_LENGTH = 128;
const PLAIN = /^[ -~]*$/;

/** Who owns what the request writes: its `fieldManager`, or the first part of its user agent. */
export function originOf(context: ResourceContext, options: WriteOptions, subresource = context.route.subresource): WriteOrigin {
  return {
    manager: options.fieldManager || managerFromUserAgent(context.request.headers["user-agent"]),
    apiVersion: context.resource.apiVersion,
    ...(subresource === "" ? {} : { subresource }),
    time: formatTime(context.core.host.clock.now()),
  };
}

function managerFromUserAgent(userAgent: string | undefined): string {
  const product = (userAgent ?? "").split("/", 1)[0] ?? "";
  // Every write comes here, and classes of Unicode are slow to look up: plain ASCII needs none.
  const printable = (PLAIN.test(product) ? product : product.replaceAll(/[^\P{C}]|[^\P{Z} ]/gu, "")).slice(0, MAX_MANAGER_LENGTH);
  return printable === "" ? "unknown" : printable;
}

/** Records in `object.metadata.managedFields` what an ordinary write changed. `object` and `live` are of the stored version. */
export function trackFields(context: ResourceContext, object: KubeObject, live: KubeObject | undefined, origin: WriteOrigin): void {
  const { resource, core } = context;
  const managedFields = trackUpdate({
    ...origin,
    live: live === undefined ? undefined : toServedVersion(resource, live),
    updated: toServedVersion(resource, object),
    schema: core.schemas.get(resource.schema),
    registry: core.schemas,
  });
  setManagedFields(object, managedFields);
}

/** Sets the list, or takes the field away when it is empty. */
export function setManagedFields(object: KubeObject, managedFields: ManagedFieldsEntry[]): void {
  const metadata = (object.metadata ??= {});
  if (managedFields.length === 0) delete metadata.managedFields;
  else metadata.managedFields = managedFields;
}
