import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { PersistentVolumeClaimSpec } from "../generated/types.ts";
import { tryParseQuantity } from "../quantity.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { invalidEach } from "./field-checks.ts";
import { validateLabelSelector } from "./labels.ts";
import { checkDnsSubdomain, checkPathSegment } from "./names.ts";

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** The ways in which a volume may be used. */
export function validateAccessModes(modes: readonly string[] | undefined, field: string, detail: string): FieldError[] {
  if ((modes ?? []).length === 0) return [required(field, detail)];
  const errors: FieldError[] = [];
  for (const mode of modes ?? []) if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(field, mode, ACCESS_MODES));
  if (modes?.includes("ReadWriteOncePod") && modes.length > 1) {
    errors.push(forbiddenField(field, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

/** An amount of storage: a quantity above zero. */
export function validateStorageAmount(field: string, text: string | undefined): FieldError[] {
  const quantity = tryParseQuantity(text ?? "");
  if (quantity === undefined || quantity.sign <= 0) return [invalidValue(field, text ?? "", "must be greater than zero")];
  return [];
}

function validateDataSource(source: { apiGroup?: string; kind?: string; name?: string }, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!source.name) errors.push(required(`${field}.name`));
  if (!source.kind) errors.push(required(`${field}.kind`));
  if (!source.apiGroup && source.kind !== "PersistentVolumeClaim") {
    errors.push(invalidValue(field, source.kind ?? "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (source.apiGroup) errors.push(...invalidEach(`${field}.apiGroup`, source.apiGroup, checkDnsSubdomain(source.apiGroup)));
  return errors;
}

/** What a claim asks for, wherever it stands. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, field: string): FieldError[] {
  const errors = validateAccessModes(spec.accessModes, `${field}.accessModes`, "at least 1 access mode is required");
  errors.push(...validateLabelSelector(spec.selector, `${field}.selector`));
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) errors.push(required(`${field}.resources[storage]`));
  else errors.push(...validateStorageAmount(`${field}.resources[storage]`, storage));
  if (spec.storageClassName) {
    errors.push(...invalidEach(`${field}.storageClassName`, spec.storageClassName, checkDnsSubdomain(spec.storageClassName)));
  }
  if (spec.volumeName) errors.push(...invalidEach(`${field}.volumeName`, spec.volumeName, checkPathSegment(spec.volumeName)));
  if (spec.volumeMode !== undefined && !["Block", "Filesystem"].includes(spec.volumeMode)) {
    errors.push(notSupported(`${field}.volumeMode`, spec.volumeMode, ["Block", "Filesystem"]));
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource) errors.push(...validateDataSource(dataSource, `${field}.dataSource`));
  if (dataSourceRef) errors.push(...validateDataSource(dataSourceRef, `${field}.dataSourceRef`));
  if (dataSource && dataSourceRef) {
    const { namespace, ...reference } = dataSourceRef;
    const at = `${field}.dataSource`;
    if (namespace) errors.push(invalidValue(field, at, "may not be specified when dataSourceRef.namespace is specified"));
    else if (!semanticEqual(dataSource, reference)) errors.push(invalidValue(field, at, "must match dataSourceRef"));
  }
  return errors;
}
