import { type FieldError, invalidValue, required } from "../field-error.ts";
import type { LocalSubjectAccessReview, SelfSubjectAccessReview, SubjectAccessReview, TokenReview } from "../generated/types.ts";
import { semanticEqual } from "../semantic-equal.ts";

interface AccessSpec {
  readonly resourceAttributes?: unknown;
  readonly nonResourceAttributes?: unknown;
}

function validateAttributes(spec: AccessSpec): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    return [
      invalidValue("spec.nonResourceAttributes", nonResourceAttributes, "cannot be specified in combination with resourceAttributes"),
    ];
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    return [invalidValue("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")];
  }
  return [];
}

function validateOnlyName(metadata: object | undefined, allowed: readonly string[]): FieldError[] {
  const rest = Object.fromEntries(
    Object.entries(metadata ?? {}).filter(([key]) => ![...allowed, "managedFields", "creationTimestamp", "uid"].includes(key)),
  );
  return semanticEqual(rest, {}) ? [] : [invalidValue("metadata", metadata, "must be empty")];
}

/** Whether what is asked makes a question. */
export function validateSelfSubjectAccessReview(review: SelfSubjectAccessReview): FieldError[] {
  return [...validateAttributes(review.spec ?? {}), ...validateOnlyName(review.metadata, [])];
}

/** As above, about somebody who is named. */
export function validateSubjectAccessReview(review: SubjectAccessReview): FieldError[] {
  const { user, groups } = review.spec ?? {};
  const errors = validateAttributes(review.spec ?? {});
  if (!user && (groups ?? []).length === 0)
    errors.push(invalidValue("spec.user", user ?? "", "at least one of user or group must be specified"));
  return [...errors, ...validateOnlyName(review.metadata, [])];
}

/** As above, in the namespace of the request. */
export function validateLocalSubjectAccessReview(review: LocalSubjectAccessReview): FieldError[] {
  const { resourceAttributes, nonResourceAttributes, user, groups } = review.spec ?? {};
  const errors: FieldError[] = [];
  if (resourceAttributes && resourceAttributes.namespace !== review.metadata?.namespace) {
    errors.push(invalidValue("spec.resourceAttributes.namespace", resourceAttributes.namespace ?? "", "must match metadata.namespace"));
  }
  if (nonResourceAttributes)
    errors.push(invalidValue("spec.nonResourceAttributes", nonResourceAttributes, "disallowed on this kind of request"));
  if (!resourceAttributes) errors.push(required("spec.resourceAttributes"));
  if (!user && (groups ?? []).length === 0)
    errors.push(invalidValue("spec.user", user ?? "", "at least one of user or group must be specified"));
  return [...errors, ...validateOnlyName(review.metadata, ["namespace"])];
}

/** A token to look at. */
export function validateTokenReview(review: TokenReview): FieldError[] {
  return review.spec?.token ? [] : [required("spec.token")];
}
