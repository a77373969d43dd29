import {
  checkDns1035Label,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelValue,
  checkPathSegment,
  checkQualifiedName,
  forbiddenField,
  invalidValue,
  required,
  type FieldError,
  type KindDefinition,
  type KubeObject,
  type NameRule,
} from "@skiff/api";

/** All annotations of an object together, keys and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

const NAME_CHECKS: Readonly<Record<NameRule, (name: string) => string[]>> = {
  "dns-subdomain": checkDnsSubdomain,
  "dns-label": checkDnsLabel,
  "dns-1035-label": checkDns1035Label,
  "path-segment": checkPathSegment,
};

/** Everything that is wrong with `metadata`, in upstream's words (`ValidateObjectMeta`). */
export function checkMetadata(kind: KindDefinition, object: KubeObject): FieldError[] {
  const { name = "", generateName = "", namespace = "", labels, annotations, ownerReferences, finalizers } = object.metadata ?? {};
  const errors: FieldError[] = [];
  const checkName = NAME_CHECKS[kind.nameRule ?? "dns-subdomain"];
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else for (const problem of checkName(name)) errors.push(invalidValue("metadata.name", name, problem));
  if (generateName !== "") for (const problem of checkName(`${generateName.replace(/-$/, "a")}`)) errors.push(invalidValue("metadata.generateName", generateName, problem));
  if (kind.namespaced) {
    if (namespace === "") errors.push(required("metadata.namespace"));
    else for (const problem of checkDnsLabel(namespace)) errors.push(invalidValue("metadata.namespace", namespace, problem));
  } else if (namespace !== "") errors.push(forbiddenField("metadata.namespace", "not allowed on this type"));
  for (const key in labels) {
    for (const problem of checkQualifiedName(key)) errors.push(invalidValue("metadata.labels", key, problem));
    for (const problem of checkLabelValue(labels[key] ?? "")) errors.push(invalidValue("metadata.labels", labels[key], problem));
  }
  errors.push(...checkAnnotations(annotations));
  errors.push(...checkOwners(ownerReferences));
  for (const finalizer of finalizers ?? []) {
    for (const problem of checkQualifiedName(finalizer)) errors.push(invalidValue("metadata.finalizers", finalizer, problem));
  }
  const exclusive = ["orphan", "foregroundDeletion"].every((finalizer) => finalizers?.includes(finalizer));
  if (exclusive) errors.push(invalidValue("metadata.finalizers", finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  return errors;
}

function checkAnnotations(annotations: Readonly<Record<string, string>> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in annotations) {
    for (const problem of checkQualifiedName(key.toLowerCase())) errors.push(invalidValue("metadata.annotations", key, problem));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? "");
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    errors.push({ type: "FieldValueTooLong", field: "metadata.annotations", message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes` });
  }
  return errors;
}

function checkOwners(owners: NonNullable<KubeObject["metadata"]>["ownerReferences"]): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const [index, owner] of (owners ?? []).entries()) {
    const field = `metadata.ownerReferences[${index}]`;
    const version = owner.apiVersion?.split("/") ?? [];
    if (version.length === 0 || version.length > 2 || version.includes("")) {
      errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"));
    }
    if (!owner.kind) errors.push(invalidValue(`${field}.kind`, owner.kind ?? "", "must not be empty"));
    if (!owner.name) errors.push(invalidValue(`${field}.name`, owner.name ?? "", "must not be empty"));
    if (!owner.uid) errors.push(invalidValue(`${field}.uid`, owner.uid ?? "", "must not be empty"));
    if (owner.apiVersion === "v1" && owner.kind === "Event") errors.push(invalidValue(field, owner, `${owner.apiVersion}, Kind=Event is disallowed from being an owner`));
    if (!owner.controller) continue;
    if (controller !== undefined) {
      errors.push(
        invalidValue("metadata.ownerReferences", owners, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`),
      );
    }
    controller = owner.name;
  }
  return errors;
}

const IMMUTABLE = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

/** What an update may not change, and finalizers that come too late (`ValidateObjectMetaUpdate`). */
export function immutableMetadata(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of IMMUTABLE) {
    const now = object.metadata?.[field];
    if (now !== old.metadata?.[field]) errors.push(invalidValue(`metadata.${field}`, now, "field is immutable"));
  }
  if (old.metadata?.deletionTimestamp !== undefined) {
    const before = new Set(old.metadata.finalizers);
    const added = (object.metadata?.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
    if (added.length > 0) {
      errors.push(forbiddenField("metadata.finalizers", `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((each) => JSON.stringify(each)).join(", ")}}`));
    }
  }
  return errors;
}
