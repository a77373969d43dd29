import {
  STATUS_CODES,
  StatusError,
  type KubeObject,
  type StatusReason,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  type Validation,
} from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { Authorizer } from "../../attributes.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { toCelValue } from "../cel/cel-value.ts";
import { refusal } from "../refusal.ts";
import { byName } from "../webhook/mutating-webhooks.ts";
import { isAdmissionConfiguration, namespaceOf, type RuleMatch } from "../webhook/resource-rules.ts";
import { evaluateConditions } from "./match-conditions.ts";
import { PolicyExpression, compileVariables, withVariables, type PolicyVariable } from "./policy-expressions.ts";
import { matchResources, paramsOf, type ResourceOfKind } from "./policy-matching.ts";
import { POLICY_VARIABLES, conditionValues, namespaceValue } from "./policy-variables.ts";

interface CompiledValidation {
  readonly validation: Validation;
  readonly expression: PolicyExpression;
  readonly message: PolicyExpression | undefined;
}

interface CompiledPolicy {
  readonly variables: readonly PolicyVariable[];
  readonly validations: readonly CompiledValidation[];
  readonly auditAnnotations: readonly { readonly key: string; readonly expression: PolicyExpression }[];
}

/** Something that a policy found wrong with a request. */
interface Failure {
  readonly policy: string;
  readonly binding: string;
  readonly actions: readonly string[];
  readonly message: string;
  readonly reason: string | undefined;
  readonly expressionIndex: number;
}

/** Messages longer than this are cut: they travel in headers and in the audit log. */
const MAX_MESSAGE_LENGTH = 5 * 1024;

const compiledPolicies = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();

function compile(policy: ValidatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    compiled = {
      variables: compileVariables(policy.spec?.variables),
      validations: (policy.spec?.validations ?? []).map((validation) => ({
        validation,
        expression: new PolicyExpression(validation.expression, ["bool"]),
        message: validation.messageExpression ? new PolicyExpression(validation.messageExpression, ["string"]) : undefined,
      })),
      auditAnnotations: (policy.spec?.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
        key,
        expression: new PolicyExpression(valueExpression, ["string", "null"]),
      })),
    };
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

/** ValidatingAdmissionPolicies (KEP-3488): expressions that say which requests are accepted, and bindings that say where. */
export class ValidatingAdmissionPolicies implements AdmissionPlugin {
  readonly name = "ValidatingAdmissionPolicy";
  readonly #reader: ObjectReader;
  readonly #authorizer: Authorizer;
  readonly #resourceOf: ResourceOfKind;

  constructor(reader: ObjectReader, authorizer: Authorizer, resourceOf: ResourceOfKind) {
    this.#reader = reader;
    this.#authorizer = authorizer;
    this.#resourceOf = resourceOf;
  }

  validate(request: AdmissionRequest): void {
    if (isAdmissionConfiguration(request)) return;
    const bindings = this.#reader.list(RESOURCES.validatingAdmissionPolicyBindings);
    if (bindings.length === 0) return;
    const failures: Failure[] = [];
    for (const policy of byName(this.#reader.list(RESOURCES.validatingAdmissionPolicies))) {
      const shown = matchResources(policy.spec?.matchConstraints, request, this.#reader);
      if (shown === undefined) continue;
      for (const binding of byName(bindings.filter(({ spec }) => spec?.policyName === policy.metadata?.name))) {
        if (matchResources(binding.spec?.matchResources, request, this.#reader) === undefined) continue;
        failures.push(...this.#evaluate(policy, binding, request, shown));
      }
    }
    if (failures.length > 0) act(request, failures);
  }

  #evaluate(
    policy: ValidatingAdmissionPolicy,
    binding: ValidatingAdmissionPolicyBinding,
    request: AdmissionRequest,
    shown: RuleMatch,
  ): Failure[] {
    const failed = (message: string): Failure[] =>
      policy.spec?.failurePolicy === "Ignore" ? [] : [failureOf(policy, binding, { message, reason: undefined, expressionIndex: -1 })];
    let params: readonly (KubeObject | undefined)[];
    try {
      params = paramsOf(policy.spec?.paramKind, binding.spec?.paramRef, request, this.#reader, this.#resourceOf);
    } catch (error) {
      return failed(messageOf(error));
    }
    const base = {
      ...conditionValues(request, shown, this.#authorizer),
      namespaceObject: namespaceValue(namespaceOf(request, this.#reader)),
      variables: new Map<string, unknown>(),
    };
    return params.flatMap((param) => {
      const values = { ...base, params: toCelValue(param ?? null) };
      const conditions = evaluateConditions(policy.spec?.matchConditions ?? [], values, POLICY_VARIABLES);
      if (conditions.errors.length > 0) return failed(conditions.errors.join("; "));
      return conditions.matches ? validateWith(policy, binding, request, values) : [];
    });
  }
}

function validateWith(
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
  given: Record<string, unknown>,
): Failure[] {
  const { variables, validations, auditAnnotations } = compile(policy);
  const values = withVariables(given, variables);
  const failures: Failure[] = [];
  for (const [expressionIndex, { validation, expression, message }] of validations.entries()) {
    try {
      if (expression.evaluate(values) === true) continue;
      failures.push(
        failureOf(policy, binding, { message: messageFor(validation, message, values), reason: validation.reason, expressionIndex }),
      );
    } catch (error) {
      if (policy.spec?.failurePolicy === "Ignore") continue;
      const text = `expression '${validation.expression}' resulted in error: ${messageOf(error)}`;
      failures.push(failureOf(policy, binding, { message: text, reason: undefined, expressionIndex }));
    }
  }
  for (const { key, expression } of auditAnnotations) {
    try {
      const value = expression.evaluate(values);
      if (typeof value === "string" && value.trim() !== "") request.annotate?.(`${policy.metadata?.name}/${key}`, value.trim());
    } catch (error) {
      if (policy.spec?.failurePolicy !== "Ignore")
        failures.push(failureOf(policy, binding, { message: messageOf(error), reason: undefined, expressionIndex: -1 }));
    }
  }
  return failures;
}

function failureOf(
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  what: Pick<Failure, "message" | "reason" | "expressionIndex">,
): Failure {
  const names = { policy: policy.metadata?.name ?? "", binding: binding.metadata?.name ?? "" };
  return { ...names, actions: binding.spec?.validationActions ?? ["Deny"], ...what, message: what.message.slice(0, MAX_MESSAGE_LENGTH) };
}

function messageFor(validation: Validation, expression: PolicyExpression | undefined, values: Record<string, unknown>): string {
  if (expression !== undefined) {
    try {
      const text = expression.evaluate(values);
      // A message of several lines or of nothing is not fit for headers; upstream falls back too.
      if (typeof text === "string" && text.trim() !== "" && !text.trim().includes("\n")) return text.trim();
    } catch {
      // The fixed message, or the expression itself, says enough.
    }
  }
  return validation.message?.trim() || `failed expression: ${validation.expression.trim()}`;
}

/** Warnings and audit annotations of all failures, then the refusal of the first that denies. */
function act(request: AdmissionRequest, failures: readonly Failure[]): void {
  const audited = failures.filter(({ actions }) => actions.includes("Audit"));
  for (const { actions, policy, binding, message } of failures) {
    if (actions.includes("Warn"))
      request.warn(`Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': ${message}`);
  }
  if (audited.length > 0) {
    const entries = audited.map(({ policy, binding, expressionIndex, message, actions }) => ({
      message,
      policy,
      binding,
      expressionIndex,
      validationActions: actions,
    }));
    request.annotate?.("validation.policy.admission.k8s.io/validation_failure", JSON.stringify(entries));
  }
  const denied = failures.find(({ actions }) => actions.includes("Deny"));
  if (denied !== undefined) throw denial(request, denied);
}

function denial(request: AdmissionRequest, { policy, binding, message, reason = "Invalid" }: Failure): StatusError {
  const text = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${message}`;
  const { status } = refusal(request, text);
  const known = reason in STATUS_CODES ? (reason as StatusReason) : "Invalid";
  return new StatusError({
    ...status,
    reason: known,
    code: STATUS_CODES[known],
    details: { ...status.details, causes: [{ message: text }] },
  });
}
