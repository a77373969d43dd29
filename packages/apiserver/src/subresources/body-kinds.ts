import type { KubeObject } from "@skiff/api";
import { ObjectCodec } from "../registry/object-codec.ts";
import type { ResourceContext } from "../request-context.ts";
import type { ServedResource } from "../served-resources.ts";

/** A kind that exists only as the body of a subresource. */
interface BodyKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: string;
}

export const SCALE: BodyKind = { group: "autoscaling", version: "v1", kind: "Scale", schema: "io.k8s.api.autoscaling.v1.Scale" };
export const BINDING: BodyKind = { group: "", version: "v1", kind: "Binding", schema: "io.k8s.api.core.v1.Binding" };
export const EVICTION: BodyKind = { group: "policy", version: "v1", kind: "Eviction", schema: "io.k8s.api.policy.v1.Eviction" };
/** The older version of the same; clients may still send it. */
export const EVICTION_V1BETA1: BodyKind = { ...EVICTION, version: "v1beta1" };
export const TOKEN_REQUEST: BodyKind = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  schema: "io.k8s.api.authentication.v1.TokenRequest",
};

/** The same request with `body` as what it reads and writes, so that the stages decode and patch that kind. */
export function withBodyKind(context: ResourceContext, body: BodyKind): ResourceContext {
  return { ...context, resource: bodyResource(body) };
}

function bodyResource(body: BodyKind): ServedResource {
  const { group, version, kind, schema } = body;
  const definition = { ...body, plural: kind.toLowerCase(), singular: kind.toLowerCase(), namespaced: true };
  return {
    kind: definition,
    group,
    version,
    apiVersion: group === "" ? version : `${group}/${version}`,
    schema,
    verbs: new Set(),
    codec: new ObjectCodec({ group, version, kind }),
    conversion: undefined,
    deprecation: undefined,
    storage: undefined,
    cache: undefined,
    virtual: undefined,
    structural: false,
  };
}

/** The value of a dotted path, `spec.replicas` or `.spec.replicas`. */
export function fieldAt(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const key of keysOf(path)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** Sets the value of a dotted path; objects on the way are made when they are missing. */
export function setFieldAt(object: KubeObject, path: string, value: unknown): void {
  const keys = keysOf(path);
  const last = keys.pop();
  let target = object as Record<string, unknown>;
  for (const key of keys) {
    const next = Object.hasOwn(target, key) ? target[key] : undefined;
    if (typeof next === "object" && next !== null) target = next as Record<string, unknown>;
    else target = target[key] = {} as Record<string, unknown>;
  }
  if (last !== undefined) target[last] = value;
}

function keysOf(path: string): string[] {
  return path.split(".").filter((key) => key !== "");
}
