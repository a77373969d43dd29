import type { KubeObject } from "@skiff/api";
import type { KindStrategy } from "../strategies/kind-strategy.ts";

/** True when something still keeps the object: finalizers, or what its kind has instead. */
export function isHeld(object: KubeObject, strategy: KindStrategy | undefined): boolean {
  return (object.metadata?.finalizers ?? []).length > 0 || strategy?.isHeld?.(object) === true;
}

/**
 * True when an update of `old` to `object` takes away the last thing that kept an object whose deletion has begun. Those
 * that still have time to wind down stay until whoever winds them down deletes them.
 */
export function isFreeToGo(object: KubeObject, old: KubeObject, strategy: KindStrategy | undefined): boolean {
  if (old.metadata?.deletionTimestamp === undefined || isHeld(object, strategy)) return false;
  return (object.metadata?.deletionGracePeriodSeconds ?? 0) === 0 && (old.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}
