import type { KubeObject, Resource } from "@skiff/api";
import { objectsOf, type AnyController, type Controller, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { planProtection, withFinalizer, type ProtectionPlan } from "./plan.ts";

/** Objects that stay for as long as others use them. */
interface Protection<T extends KubeObject> {
  /** The controller's name. */
  readonly name: string;
  readonly resource: Resource<T>;
  readonly finalizer: string;
  /** What wakes an object beside its own changes: those of the objects that use it. */
  readonly users: readonly Source[];
  /** By the caches. */
  isInUse(object: T): boolean;
  /** By the server itself; asked last, because a user may be too new for the caches. Default: the caches suffice. */
  isStillInUse?(object: T): Promise<boolean>;
}

/** Keeps the finalizer of protected objects until they are deleted and nobody uses them any more. */
export function createProtectionController<T extends KubeObject>(context: ControllerContext, protection: Protection<T>): AnyController {
  const { name, resource, finalizer, users } = protection;
  const objects = context.informers.informer(resource);
  const controller: Controller<T, ProtectionPlan> = {
    name,
    sources: [objectsOf(objects), ...users],
    observe: (key) => objects.get(key),
    plan: (object) => planProtection(object, finalizer, protection.isInUse(object)),
    async perform(plan, object) {
      if (plan === "nothing" || (plan === "remove" && (await protection.isStillInUse?.(object)))) return;
      await context.client.resource(resource).update(withFinalizer(object, finalizer, plan === "add"));
    },
  };
  return controller;
}
