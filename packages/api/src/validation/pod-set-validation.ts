import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { LabelSelector, PodTemplateSpec } from "../generated/types.ts";
import { sorted } from "./field-checks.ts";
import { isEmptySelector, selectorAccepts, validateLabelSelector } from "./labels.ts";
import { validatePodTemplate } from "./pod-spec-validation.ts";

const MISMATCH = "`selector` does not match template `labels`";

/** The selector of a set of Pods: given, right, and not empty. `owner` stands in the message, as upstream has it. */
export function validateSetSelector(selector: LabelSelector | undefined, owner: string, field: string): FieldError[] {
  if (!selector) return [required(field)];
  const errors = validateLabelSelector(selector, field);
  if (isEmptySelector(selector)) errors.push(invalidValue(field, selector, `empty selector is invalid for ${owner}`));
  return errors;
}

/** The template must make Pods that the selector finds. */
export function validateTemplateMatches(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  field: string,
): FieldError[] {
  if (!selector || isEmptySelector(selector)) return [];
  const labels = template?.metadata?.labels;
  if (selectorAccepts(selector, labels, field)) return [];
  return [invalidValue(`${field}.metadata.labels`, labels === undefined ? null : sorted(labels), MISMATCH)];
}

/** The template of a set whose Pods run for good. `kind` stands in the message. */
export function validateSetTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  kind: string,
  field: string,
): FieldError[] {
  const errors = [...validateTemplateMatches(selector, template, field), ...validatePodTemplate(template, field)];
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  if (template !== undefined && restartPolicy !== "Always") {
    errors.push(notSupported(`${field}.spec.restartPolicy`, restartPolicy ?? "", ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(forbiddenField(`${field}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`));
  }
  return errors;
}
