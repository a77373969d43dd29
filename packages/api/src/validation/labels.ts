import { type FieldError, forbiddenField, invalidValue, MAX_SHOWN_ERRORS, required } from "../field-error.ts";
import type { LabelSelector } from "../generated/types.ts";
import { selectorFromLabelSelector, type Labels } from "../selector.ts";
import { invalidEach } from "./field-checks.ts";
import { checkLabelValue, checkQualifiedName } from "./names.ts";

/** The key of a label. */
export function validateLabelName(name: string, field: string): FieldError[] {
  return invalidEach(field, name, checkQualifiedName(name));
}

/** Keys and values of labels. */
export function validateLabels(labels: Labels | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...validateLabelName(key, field), ...invalidEach(field, value, checkLabelValue(value)));
    if (errors.length > MAX_SHOWN_ERRORS) break;
  }
  return errors;
}

/** A LabelSelector, where given. */
export function validateLabelSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  if (selector === undefined || selector === null) return [];
  const errors = validateLabels(selector.matchLabels, `${field}.matchLabels`);
  for (const [index, { key = "", operator = "", values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${field}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) {
        errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
    } else {
      errors.push(invalidValue(`${at}.operator`, operator, "not a valid selector operator"));
    }
    errors.push(...validateLabelName(key, `${at}.key`));
    for (const [at2, value] of values.entries()) errors.push(...invalidEach(`${at}.values[${at2}]`, value, checkLabelValue(value)));
  }
  return errors;
}

/** True when the selector names at least one condition. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0;
}

/** Whether the labels satisfy the selector; a selector that is wrong in itself counts as satisfied, as it has its own errors. */
export function selectorAccepts(selector: LabelSelector | undefined, labels: Labels | undefined, field: string): boolean {
  if (validateLabelSelector(selector, field).length > 0) return true;
  return selectorFromLabelSelector(selector).matches(labels);
}
