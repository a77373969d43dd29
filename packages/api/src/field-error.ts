import { writeJson } from "./exact-json.ts";
import { StatusError, statusError, type StatusCause } from "./status.ts";

/** Why a field is refused; the names are upstream's `field.ErrorType`. */
export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueDuplicate"
  | "FieldValueForbidden"
  | "FieldValueNotFound"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

/** One refused field. `message` is the whole text behind the path: `Required value: name is required`. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** For example `spec.containers[0].image`; map keys are written `metadata.labels[key]` or `data[key]`. */
  readonly field: string;
  readonly message: string;
}

/** A value as it stands in messages: text in quotes, the rest as JSON. */
function shown(value: unknown): string {
  return writeJson(value);
}

/** The field must be set. */
export function required(field: string, detail = ""): FieldError {
  return { type: "FieldValueRequired", field, message: `Required value${detail ? `: ${detail}` : ""}` };
}

/** The value is not one that the field can have. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { type: "FieldValueInvalid", field, message: `Invalid value: ${shown(value)}: ${detail}` };
}

/** The value is not of the right type. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { type: "FieldValueTypeInvalid", field, message: `Invalid value: ${shown(value)}: ${detail}` };
}

/** The value is none of those that are known. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  return {
    type: "FieldValueNotSupported",
    field,
    message: `Unsupported value: ${shown(value)}: supported values: ${[...supported].sort().map(shown).join(", ")}`,
  };
}

/** The value stands in the list already. */
export function duplicate(field: string, value: unknown): FieldError {
  return { type: "FieldValueDuplicate", field, message: `Duplicate value: ${shown(value)}` };
}

/** The field may not be set, or not be changed. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { type: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

/** Something that the value names is not there. */
export function notFoundField(field: string, value: unknown): FieldError {
  return { type: "FieldValueNotFound", field, message: `Not found: ${shown(value)}` };
}

/** The text is longer than `maxBytes`. */
export function tooLong(field: string, maxBytes: number): FieldError {
  return { type: "FieldValueTooLong", field, message: `Too long: may not be more than ${maxBytes} bytes` };
}

/** The list has more than `max` items. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: "FieldValueTooMany", field, message: `Too many: ${actual}: must have at most ${max} items` };
}

/** No answer names more errors: an object of a few megabytes can be wrong in so many places that the answer would be ten times its size. */
export const MAX_SHOWN_ERRORS = 100;

/** 422 with every error as a cause: `Pod "x" is invalid: [spec.containers: Required value, …]`. */
export function invalid(subject: { group?: string; kind: string; name?: string }, errors: readonly FieldError[]): StatusError {
  const shownErrors = errors.slice(0, MAX_SHOWN_ERRORS);
  const causes: StatusCause[] = shownErrors.map((error) => ({ reason: error.type, message: error.message, field: error.field }));
  const lines = [...new Set(shownErrors.map((error) => `${error.field}: ${error.message}`))];
  if (errors.length > shownErrors.length) lines.push("and more");
  const text = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  const kind = subject.group ? `${subject.kind}.${subject.group}` : subject.kind;
  const details = {
    ...(subject.name === undefined ? {} : { name: subject.name }),
    ...(subject.group ? { group: subject.group } : {}),
    kind: subject.kind,
    causes,
  };
  return statusError("Invalid", `${kind} "${subject.name ?? ""}" is invalid: ${text}`, details);
}
