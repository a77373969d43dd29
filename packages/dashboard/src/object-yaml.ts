import type { KubeObject } from "@skiff/api";
import { stringify } from "yaml";

/** How an object is written. */
interface YamlOptions {
  /** Also who set which field; people seldom read it, and it is long. */
  readonly withManagedFields?: boolean;
}

/** An object as YAML: what it is first, its status last. */
export function objectYaml(object: KubeObject, { withManagedFields = false }: YamlOptions = {}): string {
  const { apiVersion, kind, metadata, status, ...rest } = object as KubeObject & { readonly status?: unknown };
  const { managedFields, ...others } = metadata ?? {};
  const shown = withManagedFields && managedFields !== undefined ? { ...others, managedFields } : others;
  return stringify({ apiVersion, kind, metadata: shown, ...rest, ...(status === undefined ? {} : { status }) }, { lineWidth: 0 });
}

/** Where `kubectl apply` leaves the values of a Secret once more. */
const APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** A Secret that says of its values only how long they are. */
export function withoutSecretValues(secret: KubeObject): KubeObject {
  const { data, ...rest } = secret as KubeObject & { readonly data?: Readonly<Record<string, string>> };
  const { metadata } = rest;
  const { annotations } = metadata ?? {};
  const hidden = Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [key, `(${Buffer.from(value, "base64").length} bytes)`]),
  );
  return {
    ...rest,
    ...(annotations?.[APPLIED] === undefined ? {} : { metadata: { ...metadata, annotations: { ...annotations, [APPLIED]: "(hidden)" } } }),
    ...(data === undefined ? {} : { data: hidden }),
  } as KubeObject;
}
