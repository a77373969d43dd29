import { type FieldError, invalidValue } from "../field-error.ts";
import type { IntOrString } from "../generated/types.ts";
import { invalidEach, nonNegative } from "./field-checks.ts";
import { checkPercent } from "./names.ts";

/** A number of 0 or more, or a percentage. */
export function validateIntOrPercent(value: IntOrString | undefined, field: string): FieldError[] {
  if (value === undefined) return [];
  return typeof value === "string" ? invalidEach(field, value, checkPercent(value)) : nonNegative(field, value);
}

/** The percentage, or `undefined` for a number. */
function percentOf(value: IntOrString | undefined): number | undefined {
  return typeof value === "string" && /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}

/** A percentage may not be above 100. */
export function validateAtMostAll(value: IntOrString | undefined, field: string): FieldError[] {
  return (percentOf(value) ?? 0) > 100 ? [invalidValue(field, value, "must not be greater than 100%")] : [];
}

/** Whether the value is 0 or 0 %; absent ones are. */
export function isZeroAmount(value: IntOrString | undefined): boolean {
  return value === undefined || value === 0 || percentOf(value) === 0;
}
