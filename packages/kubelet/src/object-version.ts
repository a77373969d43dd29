import type { KubeObject } from "@skiff/api";

/** Whether `object` is an older version than `known`. Versions of one store compare as numbers; others are taken as newer. */
export function isOlder(object: KubeObject, known: KubeObject): boolean {
  const version = Number(object.metadata?.resourceVersion);
  const knownVersion = Number(known.metadata?.resourceVersion);
  return Number.isFinite(version) && Number.isFinite(knownVersion) && version < knownVersion;
}
