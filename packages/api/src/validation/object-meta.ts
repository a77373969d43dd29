import { forbiddenField, type FieldError, invalidValue, MAX_SHOWN_ERRORS, required, tooLong } from "../field-error.ts";
import type { KindDefinition, NameRule } from "../kind.ts";
import type { KubeObject, ManagedFieldsEntry, ObjectMeta, OwnerReference } from "../object.ts";
import { parseApiVersion } from "../resource.ts";
import { immutable, invalidEach, nonNegative } from "./field-checks.ts";
import { validateLabels } from "./labels.ts";
import { byteLength, checkDns1035Label, checkDnsLabel, checkDnsSubdomain, checkPathSegment, checkQualifiedName } from "./names.ts";

/** All annotations of an object together, keys and values, in bytes. */
export const MAX_ANNOTATIONS_SIZE = 262_144;
const MAX_MANAGER_LENGTH = 128;
const MAX_SUBRESOURCE_LENGTH = 256;

const NAME_CHECKS: Readonly<Record<NameRule, (name: string) => string[]>> = {
  "dns-subdomain": checkDnsSubdomain,
  "dns-label": checkDnsLabel,
  "dns-1035-label": checkDns1035Label,
  "path-segment": checkPathSegment,
};

/** What is wrong with a name under a rule, in upstream's words. */
export function checkName(rule: NameRule, name: string): string[] {
  return NAME_CHECKS[rule](name);
}

/** A prefix may end in a hyphen, as a suffix follows. */
function checkGenerateName(rule: NameRule, prefix: string): string[] {
  const masked = rule !== "path-segment" && prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -2)}a` : prefix;
  return NAME_CHECKS[rule](masked);
}

/** Keys and total size of annotations. */
export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (errors.length <= MAX_SHOWN_ERRORS) errors.push(...invalidEach(field, key, checkQualifiedName(key.toLowerCase())));
    size += byteLength(key) + byteLength(value);
  }
  if (size > MAX_ANNOTATIONS_SIZE) errors.push(tooLong(field, MAX_ANNOTATIONS_SIZE));
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[], field: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references) {
    const { version } = parseApiVersion(reference.apiVersion ?? "");
    if (version === "") errors.push(invalidValue(`${field}.apiVersion`, reference.apiVersion ?? "", "version must not be empty"));
    for (const part of ["kind", "name", "uid"] as const) {
      if (!reference[part]) errors.push(invalidValue(`${field}.${part}`, reference[part] ?? "", "must not be empty"));
    }
    if (reference.apiVersion === "v1" && reference.kind === "Event") {
      errors.push(invalidValue(field, reference, "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller === undefined) controller = name;
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalidValue(field, references, detail));
    }
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[], field: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => invalidEach(field, finalizer, checkQualifiedName(finalizer)));
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalidValue(field, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return errors;
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[], field: string): FieldError[] {
  return entries.flatMap((entry, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (entry.operation !== "Apply" && entry.operation !== "Update") {
      errors.push(invalidValue(`${at}.operation`, entry.operation ?? "", "must be `Apply` or `Update`"));
    }
    if (entry.fieldsType && entry.fieldsType !== "FieldsV1") {
      errors.push(invalidValue(`${at}.fieldsType`, entry.fieldsType, "must be `FieldsV1`"));
    }
    if (byteLength(entry.manager ?? "") > MAX_MANAGER_LENGTH) errors.push(tooLong(`${at}.manager`, MAX_MANAGER_LENGTH));
    if (byteLength(entry.subresource ?? "") > MAX_SUBRESOURCE_LENGTH) errors.push(tooLong(`${at}.subresource`, MAX_SUBRESOURCE_LENGTH));
    return errors;
  });
}

/** Labels, annotations, owners, finalizers and managed fields: what is checked on create and on update. */
function validateCommon(metadata: ObjectMeta, field: string): FieldError[] {
  return [
    ...nonNegative(`${field}.generation`, metadata.generation),
    ...validateLabels(metadata.labels, `${field}.labels`),
    ...validateAnnotations(metadata.annotations, `${field}.annotations`),
    ...validateOwnerReferences(metadata.ownerReferences ?? [], `${field}.ownerReferences`),
    ...validateFinalizers(metadata.finalizers ?? [], `${field}.finalizers`),
    ...validateManagedFields(metadata.managedFields ?? [], `${field}.managedFields`),
  ];
}

/** Everything that is wrong with the metadata of a new object, its name made already. */
export function validateObjectMeta(
  kind: Pick<KindDefinition, "namespaced" | "nameRule">,
  object: KubeObject,
  field = "metadata",
): FieldError[] {
  const metadata = object.metadata ?? {};
  const rule = kind.nameRule ?? "dns-subdomain";
  const errors: FieldError[] = [];
  if (metadata.generateName) {
    errors.push(...invalidEach(`${field}.generateName`, metadata.generateName, checkGenerateName(rule, metadata.generateName)));
  }
  if (!metadata.name) errors.push(required(`${field}.name`, "name or generateName is required"));
  else errors.push(...invalidEach(`${field}.name`, metadata.name, checkName(rule, metadata.name)));
  if (kind.namespaced) {
    if (!metadata.namespace) errors.push(required(`${field}.namespace`));
    else errors.push(...invalidEach(`${field}.namespace`, metadata.namespace, checkDnsLabel(metadata.namespace)));
  } else if (metadata.namespace) {
    errors.push(forbiddenField(`${field}.namespace`, "not allowed on this type"));
  }
  return [...errors, ...validateCommon(metadata, field)];
}

const IMMUTABLE = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

/** Everything that is wrong with a change of metadata. */
export function validateObjectMetaUpdate(object: KubeObject, old: KubeObject, field = "metadata"): FieldError[] {
  const metadata = object.metadata ?? {};
  const before = old.metadata ?? {};
  const errors: FieldError[] = [];
  if (before.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !before.finalizers?.includes(finalizer)).sort();
    if (added.length > 0) {
      const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`;
      errors.push(forbiddenField(`${field}.finalizers`, detail));
    }
  }
  if (!metadata.resourceVersion) errors.push(invalidValue(`${field}.resourceVersion`, "", "must be specified for an update"));
  if ((metadata.generation ?? 0) < (before.generation ?? 0)) {
    errors.push(invalidValue(`${field}.generation`, metadata.generation ?? 0, "must not be decremented"));
  }
  for (const part of IMMUTABLE) errors.push(...immutable(`${field}.${part}`, metadata[part], before[part]));
  return [...errors, ...validateCommon(metadata, field)];
}
