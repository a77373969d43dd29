import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { tryParseQuantity } from "../quantity.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { validateNodeSelector } from "./affinity-validation.ts";
import { validateAccessModes, validateClaimSpec, validateStorageAmount } from "./claim-spec-validation.ts";
import { immutable, invalidEach, oneOf, optionalOneOf, requiredText } from "./field-checks.ts";
import { validateLabelName, validateLabelSelector } from "./labels.ts";
import { byteLength, checkDnsSubdomain, checkQualifiedName } from "./names.ts";
import { changedPaths } from "./pod-update-validation.ts";
import { validateHostPath } from "./volume-validation.ts";

const NOT_SOURCES = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);
const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];

/** The one field that says where the storage is. */
function sourcesOf(volume: PersistentVolume): string[] {
  return Object.entries(volume.spec ?? {})
    .filter(([name, value]) => !NOT_SOURCES.has(name) && value !== undefined && value !== null)
    .map(([name]) => name);
}

/** Everything that is wrong with a PersistentVolume. */
export function validatePersistentVolume(volume: PersistentVolume, old: PersistentVolume | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return [];
  const spec = volume.spec ?? {};
  const errors = validateAccessModes(spec.accessModes, "spec.accessModes", "");
  const capacity = Object.keys(spec.capacity ?? {});
  if (capacity.length === 0) errors.push(required("spec.capacity"));
  else if (capacity.length > 1 || capacity[0] !== "storage") errors.push(notSupported("spec.capacity", spec.capacity, ["storage"]));
  else errors.push(...validateStorageAmount("spec.capacity[storage]", spec.capacity?.storage));
  errors.push(...optionalOneOf("spec.persistentVolumeReclaimPolicy", spec.persistentVolumeReclaimPolicy || undefined, RECLAIM_POLICIES));
  const [source, ...others] = sourcesOf(volume);
  if (source === undefined) errors.push(required("spec", "must specify a volume type"));
  for (const name of others) errors.push(forbiddenField(`spec.${name}`, "may not specify more than 1 volume type"));
  if (spec.hostPath) {
    errors.push(...validateHostPath(spec.hostPath, "spec.hostPath"));
    if (spec.hostPath.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle") {
      errors.push(forbiddenField("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"));
    }
  }
  if (spec.local && !spec.nodeAffinity) errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  if (spec.local && !spec.local.path) errors.push(required("spec.local.path"));
  if (spec.csi)
    errors.push(...requiredText("spec.csi.driver", spec.csi.driver), ...requiredText("spec.csi.volumeHandle", spec.csi.volumeHandle));
  if (spec.nfs) {
    errors.push(...requiredText("spec.nfs.server", spec.nfs.server), ...requiredText("spec.nfs.path", spec.nfs.path));
    if (spec.nfs.path && !spec.nfs.path.startsWith("/"))
      errors.push(invalidValue("spec.nfs.path", spec.nfs.path, "must be an absolute path"));
  }
  if (spec.nodeAffinity) {
    if (!spec.nodeAffinity.required) errors.push(required("spec.nodeAffinity.required", "must specify required node constraints"));
    else errors.push(...validateNodeSelector(spec.nodeAffinity.required, "spec.nodeAffinity.required"));
  }
  if (spec.storageClassName)
    errors.push(...invalidEach("spec.storageClassName", spec.storageClassName, checkDnsSubdomain(spec.storageClassName)));
  errors.push(...optionalOneOf("spec.volumeMode", spec.volumeMode, ["Block", "Filesystem"]));
  if (old === undefined) return errors;
  const source_ = (one: PersistentVolume): unknown =>
    Object.fromEntries(sourcesOf(one).map((name) => [name, (one.spec as Record<string, unknown>)[name]]));
  if (!semanticEqual(source_(volume), source_(old))) {
    const changed = changedPaths(source_(volume), source_(old)).join(", ");
    errors.push(
      forbiddenField("spec.persistentvolumesource", `spec.persistentvolumesource is immutable after creation\nchanged: ${changed}\n`),
    );
  }
  errors.push(...immutable("spec.volumeMode", spec.volumeMode, old.spec?.volumeMode));
  if (old.spec?.nodeAffinity) errors.push(...immutable("spec.nodeAffinity", spec.nodeAffinity, old.spec.nodeAffinity));
  return errors;
}

/** The claim's specification with what may change put back. */
function withoutAllowedChanges(
  now: PersistentVolumeClaimSpec,
  before: PersistentVolumeClaimSpec,
  bound: boolean,
): PersistentVolumeClaimSpec {
  const spec = { ...now };
  if (!before.volumeName) spec.volumeName = before.volumeName;
  if (before.storageClassName === undefined) spec.storageClassName = undefined;
  if (!bound) return spec;
  const storage = before.resources?.requests?.storage;
  if (spec.resources?.requests)
    spec.resources = { ...spec.resources, requests: { ...spec.resources.requests, ...(storage ? { storage } : {}) } };
  if (spec.volumeAttributesClassName !== undefined) spec.volumeAttributesClassName = before.volumeAttributesClassName;
  return spec;
}

/** Everything that is wrong with a PersistentVolumeClaim. */
export function validatePersistentVolumeClaim(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim | undefined,
  context: WriteContext,
): FieldError[] {
  if (old !== undefined && context.subresource === "status") return [];
  const spec = claim.spec ?? {};
  const errors = validateClaimSpec(spec, "spec");
  if (old === undefined) return errors;
  const before = old.spec ?? {};
  const rest = withoutAllowedChanges(spec, before, claim.status?.phase === "Bound");
  if (!semanticEqual(rest, before)) {
    const changed = changedPaths(rest, before).map((path) => `spec.${path}`);
    const detail = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\nchanged: ${changed.join(", ")}\n`;
    errors.push(forbiddenField("spec", detail));
  }
  const amount = (text: string | undefined) => tryParseQuantity(text ?? "0");
  const [now, was, actual] = [
    amount(spec.resources?.requests?.storage),
    amount(before.resources?.requests?.storage),
    amount(old.status?.capacity?.storage),
  ];
  if (now !== undefined && was !== undefined && now.compare(was) < 0 && actual !== undefined && now.compare(actual) <= 0) {
    errors.push(forbiddenField("spec.resources.requests.storage", "field can not be less than status.capacity"));
  }
  return [...errors, ...immutable("volumeMode", spec.volumeMode, before.volumeMode)];
}

const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 262_144;

function validateParameters(parameters: Record<string, string> | undefined, field: string, needed: boolean): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  const errors: FieldError[] = [];
  if (needed && entries.length === 0) errors.push(required(field, "must contain at least one key/value pair"));
  if (entries.length > MAX_PARAMETERS) {
    errors.push({ type: "FieldValueTooLong", field, message: `Too long: may not be more than ${MAX_PARAMETERS} bytes` });
  }
  let size = 0;
  for (const [key, value] of entries) {
    if (key === "") errors.push(invalidValue(field, key, "field can not be empty."));
    size += byteLength(key) + byteLength(value);
  }
  if (size > MAX_PARAMETERS_SIZE)
    errors.push({ type: "FieldValueTooLong", field, message: `Too long: may not be more than ${MAX_PARAMETERS_SIZE} bytes` });
  return errors;
}

function validateProvisioner(name: string | undefined, field: string): FieldError[] {
  return name ? invalidEach(field, name, checkQualifiedName(name.toLowerCase())) : [required(field)];
}

/** Everything that is wrong with a StorageClass. */
export function validateStorageClass(storageClass: StorageClass, old: StorageClass | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (old !== undefined) {
    if (!semanticEqual(storageClass.parameters, old.parameters))
      errors.push(forbiddenField("parameters", "updates to parameters are forbidden."));
    if (storageClass.provisioner !== old.provisioner) errors.push(forbiddenField("provisioner", "updates to provisioner are forbidden."));
    if (storageClass.reclaimPolicy !== old.reclaimPolicy)
      errors.push(forbiddenField("reclaimPolicy", "updates to reclaimPolicy are forbidden."));
    return [...errors, ...immutable("volumeBindingMode", storageClass.volumeBindingMode, old.volumeBindingMode)];
  }
  errors.push(
    ...validateProvisioner(storageClass.provisioner, "provisioner"),
    ...validateParameters(storageClass.parameters, "parameters", false),
  );
  errors.push(...optionalOneOf("reclaimPolicy", storageClass.reclaimPolicy, ["Delete", "Retain"]));
  errors.push(...oneOf("volumeBindingMode", storageClass.volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]));
  for (const [index, term] of (storageClass.allowedTopologies ?? []).entries()) {
    for (const [at, expression] of (term.matchLabelExpressions ?? []).entries()) {
      const field = `allowedTopologies[${index}].matchLabelExpressions[${at}]`;
      if ((expression.values ?? []).length === 0) errors.push(required(`${field}.values`));
      errors.push(...validateLabelName(expression.key ?? "", `${field}.key`));
    }
  }
  return errors;
}

/** Everything that is wrong with a VolumeAttributesClass. */
export function validateVolumeAttributesClass(attributes: VolumeAttributesClass, old: VolumeAttributesClass | undefined): FieldError[] {
  const errors = [
    ...validateProvisioner(attributes.driverName, "driverName"),
    ...validateParameters(attributes.parameters, "parameters", true),
  ];
  if (old === undefined) return errors;
  if (attributes.driverName !== old.driverName) errors.push(forbiddenField("driverName", "updates to driverName are forbidden."));
  if (!semanticEqual(attributes.parameters, old.parameters))
    errors.push(forbiddenField("parameters", "updates to parameters are forbidden."));
  return errors;
}

/** Everything that is wrong with a CSIDriver. */
export function validateCsiDriver(driver: CSIDriver, old: CSIDriver | undefined): FieldError[] {
  const spec = driver.spec ?? {};
  const errors = optionalOneOf("spec.fsGroupPolicy", spec.fsGroupPolicy, ["File", "None", "ReadWriteOnceWithFSType"]);
  for (const mode of spec.volumeLifecycleModes ?? []) errors.push(...oneOf("spec.volumeLifecycleModes", mode, ["Ephemeral", "Persistent"]));
  const audiences = new Set<string>();
  for (const [index, request] of (spec.tokenRequests ?? []).entries()) {
    if (audiences.has(request.audience)) errors.push(duplicate(`spec.tokenRequests[${index}].audience`, request.audience));
    audiences.add(request.audience);
    const seconds = request.expirationSeconds;
    const field = `spec.tokenRequests[${index}].expirationSeconds`;
    if (seconds !== undefined && seconds < 600)
      errors.push(invalidValue(field, seconds, "may not specify a duration less than 10 minutes"));
  }
  if (old === undefined) return errors;
  errors.push(...immutable("spec.attachedRequired", spec.attachRequired, old.spec.attachRequired));
  return [...errors, ...immutable("spec.volumeLifecycleModes", spec.volumeLifecycleModes, old.spec.volumeLifecycleModes)];
}

/** Everything that is wrong with a CSINode. */
export function validateCsiNode(node: CSINode): FieldError[] {
  const names = new Set<string>();
  return (node.spec?.drivers ?? []).flatMap((driver, index) => {
    const field = `spec.drivers[${index}]`;
    const errors = driver.name
      ? invalidEach(`${field}.name`, driver.name, checkDnsSubdomain(driver.name.toLowerCase()))
      : [required(`${field}.name`)];
    if (names.has(driver.name)) errors.push(duplicate(`${field}.name`, driver.name));
    names.add(driver.name);
    errors.push(...requiredText(`${field}.nodeID`, driver.nodeID));
    const count = driver.allocatable?.count;
    if (count !== undefined && count < 0)
      errors.push(invalidValue(`${field}.allocatable.count`, count, "must be greater than or equal to 0"));
    return errors;
  });
}

/** Everything that is wrong with a CSIStorageCapacity. */
export function validateCsiStorageCapacity(capacity: CSIStorageCapacity, old: CSIStorageCapacity | undefined): FieldError[] {
  const errors = [
    ...validateLabelSelector(capacity.nodeTopology, "nodeTopology"),
    ...requiredText("storageClassName", capacity.storageClassName),
  ];
  for (const name of ["capacity", "maximumVolumeSize"] as const) {
    const text = capacity[name];
    if (text !== undefined && (tryParseQuantity(text)?.sign ?? -1) < 0)
      errors.push(invalidValue(name, text, "must be greater than or equal to 0"));
  }
  if (old === undefined) return errors;
  errors.push(...immutable("nodeTopology", capacity.nodeTopology, old.nodeTopology));
  return [...errors, ...immutable("storageClassName", capacity.storageClassName, old.storageClassName)];
}

/** Everything that is wrong with a VolumeAttachment. */
export function validateVolumeAttachment(
  attachment: VolumeAttachment,
  old: VolumeAttachment | undefined,
  context: WriteContext,
): FieldError[] {
  const { spec } = attachment;
  const errors = [...requiredText("spec.attacher", spec?.attacher), ...requiredText("spec.nodeName", spec?.nodeName)];
  if (spec?.source?.persistentVolumeName === undefined && spec?.source?.inlineVolumeSpec === undefined) {
    errors.push(required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName"));
  }
  if (old !== undefined && context.subresource === undefined && !semanticEqual(spec, old.spec)) {
    errors.push(invalidValue("spec", spec, "field is immutable"));
  }
  return errors;
}
