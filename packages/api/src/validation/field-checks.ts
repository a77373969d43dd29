import { type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import { semanticEqual } from "../semantic-equal.ts";

/** One error for each thing that is wrong with the value. */
export function invalidEach(field: string, value: unknown, problems: readonly string[]): FieldError[] {
  return problems.map((problem) => invalidValue(field, value, problem));
}

/** The number must be 0 or more; an absent one is. */
export function nonNegative(field: string, value: number | undefined): FieldError[] {
  return (value ?? 0) >= 0 ? [] : [invalidValue(field, value, "must be greater than or equal to 0")];
}

/** `must be between 1 and 100, inclusive`. */
function rangeText(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** The number must lie in the range, both ends included. */
export function inRange(field: string, value: number, low: number, high: number): FieldError[] {
  return value >= low && value <= high ? [] : [invalidValue(field, value, rangeText(low, high))];
}

/** The text must be set. */
export function requiredText(field: string, value: string | undefined, detail = ""): FieldError[] {
  return value ? [] : [required(field, detail)];
}

/** The text must be set and one of `supported`. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (!value) return [required(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** The text, where given, must be one of `supported`. */
export function optionalOneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** The value may not change. */
export function immutable(field: string, now: unknown, before: unknown): FieldError[] {
  return semanticEqual(now, before) ? [] : [invalidValue(field, now, "field is immutable")];
}

/** The map or struct with all of its keys in order, as upstream prints it in messages. */
export function sorted(labels: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}
