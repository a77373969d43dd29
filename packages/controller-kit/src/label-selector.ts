import { selectorFromLabelSelector, type LabelSelector } from "@skiff/api";

/** Tells whether labels fit a selector. */
export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

const compiled = new WeakMap<LabelSelector, LabelMatcher>();

/**
 * A `metav1.LabelSelector` as a function. No selector matches nothing, an empty one everything. Compiled once for each
 * selector object, so objects from caches cost nothing the second time.
 */
export function labelMatcher(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return () => false;
  let matcher = compiled.get(selector);
  if (matcher === undefined) {
    const parsed = selectorFromLabelSelector(selector);
    compiled.set(selector, (matcher = (labels) => parsed.matches(labels)));
  }
  return matcher;
}
