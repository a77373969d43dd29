import { apiVersionOf, type KubeObject, type ObjectReference, type Resource } from "@skiff/api";

/** A reference to `object` as Events and bindings hold it. The kind comes from `resource`, as objects in lists lack theirs. */
export function referenceTo<T extends KubeObject>(resource: Resource<T>, object: T, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata ?? {};
  return {
    kind: resource.kind,
    ...(namespace ? { namespace } : {}),
    name,
    uid,
    apiVersion: apiVersionOf(resource),
    resourceVersion,
    ...(fieldPath ? { fieldPath } : {}),
  };
}
