import { parseSelector, type KubeObject } from "@skiff/api";

/** True when the object has the labels that the selector wants; an empty selector wants none. */
export function matchesLabels(object: KubeObject, selector: string): boolean {
  return selector === "" || parseSelector(selector).matches(object.metadata?.labels);
}
