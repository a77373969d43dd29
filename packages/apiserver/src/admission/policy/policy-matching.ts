import type { KubeObject, MatchResources, ParamKind, ParamRef, Resource } from "@skiff/api";
import { selectorFromLabelSelector } from "@skiff/api";
import type { AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { matchRules, namespaceSelected, objectSelected, type RuleMatch } from "../webhook/resource-rules.ts";

/** Whether the constraints pick the request, and the version that they ask for. Absent constraints pick everything. */
export function matchResources(
  constraints: MatchResources | undefined,
  request: AdmissionRequest,
  reader: ObjectReader,
): RuleMatch | undefined {
  const stored: RuleMatch = { group: request.kind.group, version: request.kind.version };
  if (constraints === undefined) return stored;
  if (!namespaceSelected(constraints.namespaceSelector, request, reader) || !objectSelected(constraints.objectSelector, request))
    return undefined;
  const { excludeResourceRules, resourceRules, matchPolicy } = constraints;
  if (excludeResourceRules?.length && matchRules(excludeResourceRules, request, matchPolicy) !== undefined) return undefined;
  return resourceRules?.length ? matchRules(resourceRules, request, matchPolicy) : stored;
}

/** Finds the resource of a kind that policies name as their parameters'; `undefined` when there is none. */
export type ResourceOfKind = (apiVersion: string, kind: string) => Resource | undefined;

/** Parameters cannot be found: what happens then, the failure policy says. */
class ParamsError extends Error {
  override readonly name = "ParamsError";
}

/**
 * The parameters for which a binding is to be evaluated: each object that its reference picks. `[undefined]` when it
 * refers to none; empty when there are none and the binding allows that.
 *
 * Errors: throws {@link ParamsError} when the kind does not exist, or when there are none and the binding forbids that.
 */
export function paramsOf(
  paramKind: ParamKind | undefined,
  paramRef: ParamRef | undefined,
  request: AdmissionRequest,
  reader: ObjectReader,
  resourceOf: ResourceOfKind,
): readonly (KubeObject | undefined)[] {
  if (paramKind === undefined || paramRef === undefined) return [undefined];
  const resource = resourceOf(paramKind.apiVersion ?? "", paramKind.kind ?? "");
  if (resource === undefined)
    throw new ParamsError(`failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`);
  const namespace = resource.namespaced ? paramRef.namespace || request.namespace : undefined;
  if (resource.namespaced && !namespace)
    throw new ParamsError("failed to configure binding: can't use namespaced paramRef to match cluster-scoped resources");
  const found = findParams(reader, resource, namespace, paramRef);
  if (found.length === 0 && paramRef.parameterNotFoundAction !== "Allow") {
    throw new ParamsError("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return found;
}

function findParams(
  reader: ObjectReader,
  resource: Resource,
  namespace: string | undefined,
  { name, selector }: ParamRef,
): readonly KubeObject[] {
  if (name) {
    const object = reader.get(resource, namespace, name);
    return object === undefined ? [] : [object];
  }
  const compiled = selectorFromLabelSelector(selector);
  return reader.list(resource, namespace).filter((object) => compiled.matches(object.metadata?.labels ?? {}));
}
