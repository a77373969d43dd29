import { PATCH_TYPES, invalid, invalidValue, notSupported, required, tooLong, type FieldError } from "@skiff/api";
import type { RequestQuery } from "./request-query.ts";

/** How unknown and duplicate fields are treated. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** The options of a create, update or patch, checked. */
export interface WriteOptions {
  readonly dryRun: boolean;
  /** Who is to own the fields; empty: derived from the user agent. */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Apply patches only: take fields over. */
  readonly force: boolean;
}

const MAX_FIELD_MANAGER_LENGTH = 128;

/** Reads and checks the options. `type` names them in messages: `CreateOptions`. Errors: `Invalid`. */
export function parseWriteOptions(
  query: RequestQuery,
  type: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  patchType = "",
): WriteOptions {
  const errors: FieldError[] = [];
  const dryRun = query.all("dryRun").filter((value) => value !== "");
  errors.push(...checkDryRun(dryRun));
  const fieldManager = query.get("fieldManager") ?? "";
  const isApply = patchType === PATCH_TYPES.apply;
  if (isApply && fieldManager === "") errors.push(required("fieldManager", "is required for apply patch"));
  if (Buffer.byteLength(fieldManager) > MAX_FIELD_MANAGER_LENGTH) errors.push(tooLong("fieldManager", MAX_FIELD_MANAGER_LENGTH));
  if (/[^\P{C}]|[^\P{Z} ]/u.test(fieldManager))
    errors.push(invalidValue("fieldManager", fieldManager, "should only contain printable characters"));
  const fieldValidation = query.get("fieldValidation") || "Warn";
  if (fieldValidation !== "Strict" && fieldValidation !== "Warn" && fieldValidation !== "Ignore") {
    errors.push(notSupported("fieldValidation", fieldValidation, ["Ignore", "Strict", "Warn"]));
  }
  const force = query.flag("force");
  if (type === "PatchOptions" && query.has("force") && !isApply) {
    errors.push({ type: "FieldValueForbidden", field: "force", message: "Forbidden: may not be specified for non-apply patch" });
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: type, name: "" }, errors);
  return { dryRun: dryRun.length > 0, fieldManager, fieldValidation: fieldValidation as FieldValidation, force };
}

/** The only stage of a dry run that exists is `All`. */
export function checkDryRun(values: readonly string[]): FieldError[] {
  const isKnown = values.every((value) => value === "All");
  return isKnown ? [] : [notSupported("dryRun", values.length === 1 ? values[0] : values, ["All"])];
}
