import { parseTime } from "@skiff/base";
import type { StorageClass } from "../generated/types.ts";

/** Set to `"true"` on the class that claims without one get. */
export const DEFAULT_CLASS_ANNOTATION = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT_CLASS_ANNOTATION = "storageclass.beta.kubernetes.io/is-default-class";

/** Whether claims that name no class get this one. */
export function isDefaultStorageClass({ metadata }: StorageClass): boolean {
  return [DEFAULT_CLASS_ANNOTATION, BETA_DEFAULT_CLASS_ANNOTATION].some((name) => metadata?.annotations?.[name] === "true");
}

/** The class that claims without one get: of several the one created last; of those created in the same second, the first by name. */
export function defaultStorageClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const createdMs = ({ metadata }: StorageClass): number => parseTime(metadata?.creationTimestamp) ?? 0;
  const nameOf = ({ metadata }: StorageClass): string => metadata?.name ?? "";
  return classes.filter(isDefaultStorageClass).sort((a, b) => createdMs(b) - createdMs(a) || (nameOf(a) < nameOf(b) ? -1 : 1))[0];
}
