import { duplicate, type FieldError, forbiddenField, invalidValue, required, tooMany } from "../field-error.ts";
import type { DeviceClaim, DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { immutable, invalidEach, oneOf, requiredText } from "./field-checks.ts";
import { checkDnsLabel, checkDnsSubdomain } from "./names.ts";

const MAX_REQUESTS = 32;
const MAX_CONSTRAINTS = 32;
const MAX_DEVICES = 128;

interface Request {
  deviceClassName?: string;
  allocationMode?: string;
  count?: number;
  selectors?: { cel?: { expression?: string } }[];
}

function validateRequest(request: Request, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!request.deviceClassName) errors.push(required(`${field}.deviceClassName`));
  else errors.push(...invalidEach(`${field}.deviceClassName`, request.deviceClassName, checkDnsSubdomain(request.deviceClassName)));
  errors.push(...oneOf(`${field}.allocationMode`, request.allocationMode, ["All", "ExactCount"]));
  const count = request.count ?? 0;
  if (request.allocationMode === "ExactCount" && count <= 0)
    errors.push(invalidValue(`${field}.count`, count, "must be greater than zero"));
  if (request.allocationMode === "All" && count !== 0) {
    errors.push(invalidValue(`${field}.count`, count, "must not be specified when allocationMode is 'All'"));
  }
  for (const [index, selector] of (request.selectors ?? []).entries()) {
    if (!selector.cel) errors.push(required(`${field}.selectors[${index}].cel`));
    else errors.push(...requiredText(`${field}.selectors[${index}].cel.expression`, selector.cel.expression));
  }
  return errors;
}

function validateDeviceClaim(devices: DeviceClaim | undefined, field: string): FieldError[] {
  const requests = devices?.requests ?? [];
  const constraints = devices?.constraints ?? [];
  const errors: FieldError[] = [];
  if (requests.length > MAX_REQUESTS) errors.push(tooMany(`${field}.requests`, requests.length, MAX_REQUESTS));
  if (constraints.length > MAX_CONSTRAINTS) errors.push(tooMany(`${field}.constraints`, constraints.length, MAX_CONSTRAINTS));
  const names = new Set<string>();
  for (const [index, request] of requests.entries()) {
    const at = `${field}.requests[${index}]`;
    errors.push(...invalidEach(`${at}.name`, request.name ?? "", checkDnsLabel(request.name ?? "")));
    if (names.has(request.name)) errors.push(duplicate(`${at}.name`, request.name));
    names.add(request.name);
    const { exactly, firstAvailable = [] } = request;
    if (exactly && firstAvailable.length > 0)
      errors.push(invalidValue(at, null, "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"));
    else if (!exactly && firstAvailable.length === 0) errors.push(required(at, "exactly one of `exactly` or `firstAvailable` is required"));
    if (exactly) errors.push(...validateRequest(exactly, `${at}.exactly`));
    for (const [sub, alternative] of firstAvailable.entries()) {
      names.add(`${request.name}/${alternative.name}`);
      errors.push(...validateRequest(alternative, `${at}.firstAvailable[${sub}]`));
    }
  }
  for (const [index, constraint] of constraints.entries()) {
    for (const [at, name] of (constraint.requests ?? []).entries()) {
      if (!names.has(name))
        errors.push(
          invalidValue(
            `${field}.constraints[${index}].requests[${at}]`,
            name,
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
          ),
        );
    }
    if (!constraint.matchAttribute && !constraint.distinctAttribute) errors.push(required(`${field}.constraints[${index}].matchAttribute`));
  }
  return errors;
}

/** Everything that is wrong with a ResourceClaim: what it asks for never changes. */
export function validateResourceClaim(claim: ResourceClaim, old: ResourceClaim | undefined, context: WriteContext): FieldError[] {
  if (old === undefined) return validateDeviceClaim(claim.spec?.devices, "spec.devices");
  if (context.subresource !== "status") return immutable("spec", claim.spec, old.spec);
  const { allocation, reservedFor = [] } = claim.status ?? {};
  const errors: FieldError[] = [];
  const users = new Set<string>();
  for (const [index, user] of reservedFor.entries()) {
    const field = `status.reservedFor[${index}]`;
    errors.push(
      ...requiredText(`${field}.resource`, user.resource),
      ...requiredText(`${field}.name`, user.name),
      ...requiredText(`${field}.uid`, user.uid),
    );
    if (users.has(user.uid)) errors.push(duplicate(field, user.uid));
    users.add(user.uid);
  }
  if (reservedFor.length > 256) errors.push(tooMany("status.reservedFor", reservedFor.length, 256));
  if (!allocation && reservedFor.length > 0)
    errors.push(forbiddenField("status.reservedFor", "may not be specified when `allocated` is not set"));
  if (old.status?.allocation && allocation) errors.push(...immutable("status.allocation", allocation, old.status.allocation));
  return errors;
}

/** Everything that is wrong with a ResourceClaimTemplate: it never changes. */
export function validateResourceClaimTemplate(template: ResourceClaimTemplate, old: ResourceClaimTemplate | undefined): FieldError[] {
  const errors = validateDeviceClaim(template.spec?.spec?.devices, "spec.spec.devices");
  return old === undefined ? errors : [...immutable("spec", template.spec, old.spec), ...errors];
}

/** Everything that is wrong with a DeviceClass. */
export function validateDeviceClass(deviceClass: DeviceClass): FieldError[] {
  return (deviceClass.spec?.selectors ?? []).flatMap((selector, index) =>
    selector.cel
      ? requiredText(`spec.selectors[${index}].cel.expression`, selector.cel.expression)
      : [required(`spec.selectors[${index}].cel`)],
  );
}

/** Everything that is wrong with a ResourceSlice. */
export function validateResourceSlice(slice: ResourceSlice, old: ResourceSlice | undefined): FieldError[] {
  const {
    driver = "",
    pool,
    nodeName,
    allNodes,
    nodeSelector,
    perDeviceNodeSelection,
    devices = [],
  } = (slice.spec ?? {}) as Partial<ResourceSlice["spec"]>;
  const errors = driver ? invalidEach("spec.driver", driver, checkDnsSubdomain(driver)) : [required("spec.driver")];
  errors.push(...requiredText("spec.pool.name", pool?.name));
  if ((pool?.resourceSliceCount ?? 0) <= 0)
    errors.push(invalidValue("spec.pool.resourceSliceCount", pool?.resourceSliceCount ?? 0, "must be greater than zero"));
  const places = [nodeName, allNodes || undefined, nodeSelector, perDeviceNodeSelection || undefined].filter(
    (one) => one !== undefined,
  ).length;
  const choice = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (places === 0) errors.push(required("spec", choice));
  if (places > 1) errors.push(invalidValue("spec", null, `${choice}, but multiple fields are set`));
  if (devices.length > MAX_DEVICES) errors.push(tooMany("spec.devices", devices.length, MAX_DEVICES));
  const names = new Set<string>();
  for (const [index, device] of devices.entries()) {
    errors.push(...invalidEach(`spec.devices[${index}].name`, device.name ?? "", checkDnsLabel(device.name ?? "")));
    if (names.has(device.name)) errors.push(duplicate(`spec.devices[${index}].name`, device.name));
    names.add(device.name);
  }
  if (old === undefined) return errors;
  errors.push(...immutable("spec.driver", driver, old.spec?.driver), ...immutable("spec.nodeName", nodeName, old.spec?.nodeName));
  return [...errors, ...immutable("spec.pool.name", pool?.name, old.spec?.pool?.name)];
}
