import type { KubeObject } from "@skiff/api";
import { stringify } from "yaml";

/** How an object is written. */
export interface YamlOptions {
  /** Also who set which field; people seldom read it, and it is long. */
  readonly withManagedFields?: boolean;
  /** Say of the values of a Secret only how long they are. */
  readonly hideSecrets?: boolean;
}

/** An object as YAML, in the order in which the server has its fields. */
export function objectYaml(object: KubeObject, { withManagedFields = false, hideSecrets = false }: YamlOptions = {}): string {
  const { managedFields, ...metadata } = object.metadata ?? {};
  const shown = { ...object, metadata: withManagedFields && managedFields !== undefined ? { ...metadata, managedFields } : metadata };
  return stringify(hideSecrets ? withoutValues(shown) : shown, { lineWidth: 0 });
}

function withoutValues(object: KubeObject): KubeObject {
  const { data, ...rest } = object as KubeObject & { readonly data?: Readonly<Record<string, string>> };
  const { annotations } = rest.metadata ?? {};
  // `kubectl apply` leaves the values there once more.
  const applied = "kubectl.kubernetes.io/last-applied-configuration";
  const metadata =
    annotations?.[applied] === undefined ? rest.metadata : { ...rest.metadata, annotations: { ...annotations, [applied]: "(hidden)" } };
  const hidden = Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [key, `(${Buffer.from(value, "base64").length} bytes)`]),
  );
  return { ...rest, metadata, ...(data === undefined ? {} : { data: hidden }) } as KubeObject;
}
