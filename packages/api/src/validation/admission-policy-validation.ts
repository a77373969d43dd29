import { duplicate, type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "../generated/types.ts";
import { invalidEach, oneOf, optionalOneOf, requiredText } from "./field-checks.ts";
import { validateLabelSelector } from "./labels.ts";
import { checkDnsSubdomain } from "./names.ts";
import { validateMatchConditions, validateRule } from "./webhook-validation.ts";

const C_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

function validateMatchResources(resources: MatchResources | undefined, needed: boolean, field: string): FieldError[] {
  if (!resources) return needed ? [required(field)] : [];
  const errors = optionalOneOf(`${field}.matchPolicy`, resources.matchPolicy, ["Equivalent", "Exact"]);
  errors.push(...validateLabelSelector(resources.namespaceSelector, `${field}.namespaceSelector`));
  errors.push(...validateLabelSelector(resources.objectSelector, `${field}.objectSelector`));
  if (needed && (resources.resourceRules ?? []).length === 0) errors.push(required(`${field}.resourceRules`));
  for (const list of ["resourceRules", "excludeResourceRules"] as const) {
    for (const [index, rule] of (resources[list] ?? []).entries()) errors.push(...validateRule(rule, `${field}.${list}[${index}]`));
  }
  return errors;
}

interface SharedSpec {
  readonly paramKind?: { apiVersion?: string; kind?: string };
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: { name?: string; expression?: string }[];
  readonly failurePolicy?: string;
  readonly variables?: { name?: string; expression?: string }[];
}

function validateShared(spec: SharedSpec): FieldError[] {
  const errors = optionalOneOf("spec.failurePolicy", spec.failurePolicy, ["Fail", "Ignore"]);
  if (spec.paramKind) {
    errors.push(
      ...requiredText("spec.paramKind.apiVersion", spec.paramKind.apiVersion),
      ...requiredText("spec.paramKind.kind", spec.paramKind.kind),
    );
  }
  errors.push(...validateMatchResources(spec.matchConstraints, true, "spec.matchConstraints"));
  errors.push(...validateMatchConditions(spec.matchConditions ?? [], "spec.matchConditions"));
  const names = new Set<string>();
  for (const [index, { name = "", expression = "" }] of (spec.variables ?? []).entries()) {
    const field = `spec.variables[${index}]`;
    if (name === "") errors.push(required(`${field}.name`));
    else if (!C_IDENTIFIER.test(name)) errors.push(invalidValue(`${field}.name`, name, "name is not a valid CEL identifier"));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    if (expression.trim() === "") errors.push(required(`${field}.expression`, "expression is not specified"));
  }
  return errors;
}

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

/** Everything that is wrong with a ValidatingAdmissionPolicy but its expressions, which the evaluator compiles. */
export function validateValidatingAdmissionPolicy(policy: ValidatingAdmissionPolicy): FieldError[] {
  const spec = policy.spec ?? {};
  const errors = validateShared(spec);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length + auditAnnotations.length === 0) {
    errors.push(required("spec.validations", "validations or auditAnnotations must be specified"));
    errors.push(required("spec.auditAnnotations", "validations or auditAnnotations must be specified"));
  }
  for (const [index, validation] of validations.entries()) {
    const field = `spec.validations[${index}]`;
    if (!validation.expression?.trim()) errors.push(required(`${field}.expression`, "expression is not specified"));
    if (validation.message?.includes("\n"))
      errors.push(invalidValue(`${field}.message`, validation.message, "message must not contain line breaks"));
    errors.push(...optionalOneOf(`${field}.reason`, validation.reason, REASONS));
  }
  const keys = new Set<string>();
  for (const [index, annotation] of auditAnnotations.entries()) {
    const field = `spec.auditAnnotations[${index}]`;
    errors.push(...requiredText(`${field}.key`, annotation.key), ...requiredText(`${field}.valueExpression`, annotation.valueExpression));
    if (keys.has(annotation.key)) errors.push(duplicate(`${field}.key`, annotation.key));
    keys.add(annotation.key);
  }
  return errors;
}

/** Everything that is wrong with a MutatingAdmissionPolicy but its expressions. */
export function validateMutatingAdmissionPolicy(policy: MutatingAdmissionPolicy): FieldError[] {
  const spec = policy.spec ?? {};
  const errors = validateShared(spec);
  if (!spec.reinvocationPolicy) errors.push(required("spec.reinvocationPolicy"));
  else errors.push(...optionalOneOf("spec.reinvocationPolicy", spec.reinvocationPolicy, ["IfNeeded", "Never"]));
  if ((spec.mutations ?? []).length === 0) errors.push(required("spec.mutations", "mutations must contain at least one item"));
  for (const [index, mutation] of (spec.mutations ?? []).entries()) {
    const field = `spec.mutations[${index}]`;
    errors.push(...oneOf(`${field}.patchType`, mutation.patchType, ["ApplyConfiguration", "JSONPatch"]));
    if (mutation.patchType === "ApplyConfiguration" && !mutation.applyConfiguration?.expression)
      errors.push(required(`${field}.applyConfiguration`));
    if (mutation.patchType === "JSONPatch" && !mutation.jsonPatch?.expression) errors.push(required(`${field}.jsonPatch`));
  }
  return errors;
}

function validateParamRef(reference: ParamRef | undefined): FieldError[] {
  if (!reference) return [];
  const errors: FieldError[] = [];
  const { name, selector, parameterNotFoundAction } = reference;
  if (name && selector) errors.push(required("spec.paramRef", "name and selector are mutually exclusive"));
  else if (!name && !selector) errors.push(required("spec.paramRef", "one of name or selector must be specified"));
  if (name) errors.push(...invalidEach("spec.paramRef.name", name, checkDnsSubdomain(name)));
  errors.push(...validateLabelSelector(selector, "spec.paramRef.selector"));
  if (parameterNotFoundAction === undefined) errors.push(required("spec.paramRef.parameterNotFoundAction"));
  else if (!["Allow", "Deny"].includes(parameterNotFoundAction)) {
    errors.push(notSupported("spec.paramRef.parameterNotFoundAction", parameterNotFoundAction, ["Allow", "Deny"]));
  }
  return errors;
}

/** Everything that is wrong with a ValidatingAdmissionPolicyBinding. */
export function validateValidatingAdmissionPolicyBinding(binding: ValidatingAdmissionPolicyBinding): FieldError[] {
  const spec = binding.spec ?? {};
  const errors = [...requiredText("spec.policyName", spec.policyName), ...validateParamRef(spec.paramRef)];
  errors.push(...validateMatchResources(spec.matchResources, false, "spec.matchResources"));
  const actions = spec.validationActions ?? [];
  if (actions.length === 0) errors.push(required("spec.validationActions"));
  for (const [index, action] of actions.entries()) {
    errors.push(...oneOf(`spec.validationActions[${index}]`, action, ["Audit", "Deny", "Warn"]));
    if (actions.indexOf(action) !== index) errors.push(duplicate(`spec.validationActions[${index}]`, action));
  }
  if (actions.includes("Deny") && actions.includes("Warn")) {
    errors.push(
      invalidValue(
        "spec.validationActions",
        actions,
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
      ),
    );
  }
  return errors;
}

/** Everything that is wrong with a MutatingAdmissionPolicyBinding. */
export function validateMutatingAdmissionPolicyBinding(binding: MutatingAdmissionPolicyBinding): FieldError[] {
  const spec = binding.spec ?? {};
  return [
    ...requiredText("spec.policyName", spec.policyName),
    ...validateParamRef(spec.paramRef),
    ...validateMatchResources(spec.matchResources, false, "spec.matchResources"),
  ];
}
