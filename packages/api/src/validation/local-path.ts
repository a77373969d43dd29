import { type FieldError, invalidValue } from "../field-error.ts";

/** The path may not climb: no element `..`. */
export function validateNoBacksteps(path: string, field: string): FieldError[] {
  return path.split("/").includes("..") ? [invalidValue(field, path, "must not contain '..'")] : [];
}

/** The path must be relative and may not climb. */
export function validateDescendingPath(path: string, field: string): FieldError[] {
  const absolute = path.startsWith("/") ? [invalidValue(field, path, "must be a relative path")] : [];
  return [...absolute, ...validateNoBacksteps(path, field)];
}

/** As {@link validateDescendingPath}, and the first element may not start with `..`, which the kubelet uses itself. */
export function validateNonReservedPath(path: string, field: string): FieldError[] {
  const errors = validateDescendingPath(path, field);
  return path.startsWith("..") && !path.startsWith("../") && path !== ".."
    ? [...errors, invalidValue(field, path, "must not start with '..'")]
    : errors;
}
