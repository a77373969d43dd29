import type { KubeObject } from "@skiff/api";

/** Makes `target` say what `source` says, in place: other plug-ins and the pipeline hold on to `target`. */
export function replaceObject(target: KubeObject, source: KubeObject): void {
  for (const key of Object.keys(target)) delete (target as Record<string, unknown>)[key];
  Object.assign(target, source);
}
