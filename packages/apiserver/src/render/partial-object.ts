import type { KubeObject, ListMeta } from "@skiff/api";
import type { Shape } from "./representation.ts";

/** A `metav1.PartialObjectMetadata` as JSON: an object without anything but its metadata. */
export function partialObjectJson(object: KubeObject, version: Shape["version"]): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(object.metadata ?? {})}}`;
}

/** A `metav1.PartialObjectMetadataList` as JSON. Its items carry `kind` and `apiVersion`, as upstream's do. */
export function partialListJson(objects: readonly KubeObject[], metadata: ListMeta, version: Shape["version"]): string {
  const items = objects.map((object) => partialObjectJson(object, version));
  return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}`;
}
