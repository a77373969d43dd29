import { apiVersionOf, type KubeObject, type OwnerReference, type Resource } from "@skiff/api";
import type { Informer } from "@skiff/client";

/** The reference that makes `owner` the managing owner of an object. */
export function controllerRefTo<T extends KubeObject>(resource: Resource<T>, owner: T): OwnerReference {
  const { name = "", uid = "" } = owner.metadata ?? {};
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The managing owner of an object, if it has one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller);
}

/** True when the reference is to an object of that kind, whichever version it names. */
export function refersTo(reference: OwnerReference | undefined, resource: Resource): boolean {
  if (reference?.kind !== resource.kind) return false;
  const slash = reference.apiVersion.indexOf("/");
  return (slash < 0 ? "" : reference.apiVersion.slice(0, slash)) === resource.group;
}

const CONTROLLER_INDEX = "controller";

/**
 * Objects of one kind by their managing owner: reading them costs what is read, however many others there are.
 * Adds an index to the informer.
 */
export class ControlledObjects<T extends KubeObject> {
  readonly informer: Informer<T>;

  constructor(informer: Informer<T>) {
    this.informer = informer;
    informer.addIndex(CONTROLLER_INDEX, (object) => [controllerOf(object)?.uid ?? `orphans of ${object.metadata?.namespace ?? ""}`]);
  }

  /** Those that the owner with this uid manages. */
  of(ownerUid: string): readonly T[] {
    return this.informer.byIndex(CONTROLLER_INDEX, ownerUid);
  }

  /** Those in a namespace that nobody manages. */
  orphans(namespace: string): readonly T[] {
    return this.informer.byIndex(CONTROLLER_INDEX, `orphans of ${namespace}`);
  }
}
