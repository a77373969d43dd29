import type { Namespace } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { ownCopy, prepareStatus } from "./status-prepare.ts";

/** The finalizer that keeps a namespace until all that it holds is gone. */
export const NAMESPACE_FINALIZER = "kubernetes";

const prepareObjectOrStatus = prepareStatus<Namespace>(() => ({ phase: "Active" }));

/** A new namespace is active and held until it is empty; only `finalize` changes what holds it. */
export function prepareNamespace(namespace: Namespace, old: Namespace | undefined, context: WriteContext): void {
  if (old !== undefined && context.subresource === "finalize") {
    namespace.status = ownCopy(old.status ?? {});
    return;
  }
  prepareObjectOrStatus(namespace, old, context);
  const spec = (namespace.spec ??= {});
  if (old === undefined) {
    if (!spec.finalizers?.includes(NAMESPACE_FINALIZER)) spec.finalizers = [...(spec.finalizers ?? []), NAMESPACE_FINALIZER];
  } else if (context.subresource === undefined) {
    if (old.spec?.finalizers) spec.finalizers = ownCopy(old.spec.finalizers);
    else delete spec.finalizers;
  }
}
