import type { WriteOptions } from "../write-options.ts";

/** The options of a write as admission sees them: a `meta.k8s.io/v1` object. */
export function optionsObject(
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  options: WriteOptions,
): Readonly<Record<string, unknown>> {
  return {
    kind,
    apiVersion: "meta.k8s.io/v1",
    ...(options.dryRun ? { dryRun: ["All"] } : {}),
    ...(options.fieldManager === "" ? {} : { fieldManager: options.fieldManager }),
    fieldValidation: options.fieldValidation,
    ...(options.force ? { force: true } : {}),
  };
}
