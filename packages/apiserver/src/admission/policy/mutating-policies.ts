import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  jsonEquals,
  type JsonValue,
  type KubeObject,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  type SchemaRegistry,
} from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { Authorizer } from "../../attributes.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { fromCelValue, toCelValue } from "../cel/cel-value.ts";
import { refusal } from "../refusal.ts";
import { reinvocationOf } from "../reinvocation.ts";
import { replaceObject } from "../replace-object.ts";
import { byName } from "../webhook/mutating-webhooks.ts";
import { isAdmissionConfiguration, namespaceOf, type RuleMatch } from "../webhook/resource-rules.ts";
import { evaluateConditions } from "./match-conditions.ts";
import { PolicyExpression, compileVariables, withVariables, type PolicyVariable } from "./policy-expressions.ts";
import { matchResources, paramsOf, type ResourceOfKind } from "./policy-matching.ts";
import { POLICY_VARIABLES, conditionValues, namespaceValue } from "./policy-variables.ts";

interface CompiledPolicy {
  readonly variables: readonly PolicyVariable[];
  readonly mutations: readonly { readonly patchType: string; readonly expression: PolicyExpression }[];
}

const compiledPolicies = new WeakMap<MutatingAdmissionPolicy, CompiledPolicy>();

function compile(policy: MutatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    compiled = {
      variables: compileVariables(policy.spec?.variables),
      mutations: (policy.spec?.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => ({
        patchType,
        expression: new PolicyExpression((patchType === "JSONPatch" ? jsonPatch?.expression : applyConfiguration?.expression) ?? ""),
      })),
    };
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

/**
 * MutatingAdmissionPolicies (KEP-3962): expressions that answer what to change in an object, as an apply configuration or
 * as a JSON patch.
 *
 * An apply configuration is merged by the merge keys of the kind's schema, kinds without one by the rules of merge patches.
 */
export class MutatingAdmissionPolicies implements AdmissionPlugin {
  readonly name = "MutatingAdmissionPolicy";
  readonly #reader: ObjectReader;
  readonly #authorizer: Authorizer;
  readonly #resourceOf: ResourceOfKind;
  readonly #schemas: SchemaRegistry;

  constructor(reader: ObjectReader, authorizer: Authorizer, resourceOf: ResourceOfKind, schemas: SchemaRegistry) {
    this.#reader = reader;
    this.#authorizer = authorizer;
    this.#resourceOf = resourceOf;
    this.#schemas = schemas;
  }

  mutate(request: AdmissionRequest): void {
    if (request.object === undefined || isAdmissionConfiguration(request)) return;
    const bindings = this.#reader.list(RESOURCES.mutatingAdmissionPolicyBindings);
    if (bindings.length === 0) return;
    for (const policy of byName(this.#reader.list(RESOURCES.mutatingAdmissionPolicies))) {
      for (const binding of byName(bindings.filter(({ spec }) => spec?.policyName === policy.metadata?.name)))
        this.#run(policy, binding, request);
    }
  }

  #run(policy: MutatingAdmissionPolicy, binding: MutatingAdmissionPolicyBinding, request: AdmissionRequest): void {
    const state = reinvocationOf(request);
    const id = `policy/${policy.metadata?.name}/${binding.metadata?.name}`;
    if (!state.shouldCall(id, policy.spec?.reinvocationPolicy === "IfNeeded", request.object)) return;
    const shown = matchResources(policy.spec?.matchConstraints, request, this.#reader);
    if (shown === undefined || matchResources(binding.spec?.matchResources, request, this.#reader) === undefined) return;
    const before = structuredClone(request.object);
    try {
      for (const param of paramsOf(policy.spec?.paramKind, binding.spec?.paramRef, request, this.#reader, this.#resourceOf)) {
        this.#mutateWith(policy, request, shown, param);
      }
    } catch (error) {
      if (request.object !== undefined && before !== undefined) replaceObject(request.object, before);
      if (policy.spec?.failurePolicy === "Ignore") return;
      throw refusal(
        request,
        `policy '${policy.metadata?.name}' with binding '${binding.metadata?.name}' denied request: ${messageOf(error)}`,
      );
    }
    state.called(id, request.object, !jsonEquals(before, request.object));
  }

  #mutateWith(policy: MutatingAdmissionPolicy, request: AdmissionRequest, shown: RuleMatch, param: KubeObject | undefined): void {
    const { variables, mutations } = compile(policy);
    const valuesNow = (): Record<string, unknown> => ({
      ...conditionValues(request, shown, this.#authorizer),
      namespaceObject: namespaceValue(namespaceOf(request, this.#reader)),
      params: toCelValue(param ?? null),
      variables: new Map<string, unknown>(),
    });
    const { matches, errors } = evaluateConditions(policy.spec?.matchConditions ?? [], valuesNow(), POLICY_VARIABLES);
    if (errors.length > 0) throw new Error(errors.join("; "));
    if (!matches) return;
    for (const { patchType, expression } of mutations) {
      // Each mutation sees what the ones before it have done.
      const result = fromCelValue(expression.evaluate(withVariables(valuesNow(), variables))) as JsonValue;
      this.#apply(request, patchType, result);
    }
  }

  #apply(request: AdmissionRequest, patchType: string, patch: JsonValue): void {
    const { object, kind } = request;
    if (object === undefined) return;
    const document = structuredClone(object) as unknown as JsonValue;
    let patched: JsonValue;
    if (patchType === "JSONPatch") patched = applyJsonPatch(document, patch);
    else {
      const schema = this.#schemas.find(kind.schema);
      patched = schema === undefined ? applyMergePatch(document, patch) : applyStrategicMergePatch(document, patch, schema, this.#schemas);
    }
    const result = patched as unknown as KubeObject;
    for (const field of ["name", "namespace", "uid"] as const) {
      if (result.metadata?.[field] !== object.metadata?.[field]) throw new Error(`metadata.${field} must not be changed`);
    }
    replaceObject(object, result);
  }
}
