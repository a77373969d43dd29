import { randomInteger, type Random } from "@skiff/base";

/** A name that nobody has had. */
export function freshName(random: Random): string {
  return `x${Buffer.from(random.bytes(8)).toString("hex")}`;
}

/** One of the list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[randomInteger(random, list.length)] as T;
}

/** A valid ConfigMap, as JSON values. */
export function configMap(name: string, more: object = {}): Record<string, unknown> {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data: { key: "value" }, ...more };
}

/** A valid Pod; `spec` is added to it, `container` to its container. */
export function pod(name: string, spec: object = {}, container: object = {}): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "c", image: "nginx", ...container }], ...spec },
  };
}

/** A valid Service. */
export function service(name: string, spec: object): Record<string, unknown> {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" }, spec: { ports: [{ port: 80 }], ...spec } };
}

/** A valid CustomResourceDefinition of a kind of its own, with that schema of `spec`. */
export function definition(random: Random, specSchema: object, version: object = {}, spec: object = {}): Record<string, unknown> {
  const singular = freshName(random);
  const properties = { spec: specSchema };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.bad.example.com` },
    spec: {
      group: "bad.example.com",
      scope: "Namespaced",
      names: { plural: `${singular}s`, singular, kind: `X${singular}`, listKind: `X${singular}List` },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } }, ...version }],
      ...spec,
    },
  };
}

export const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
export const PODS = "/api/v1/namespaces/default/pods";
export const SERVICES = "/api/v1/namespaces/default/services";
export const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
