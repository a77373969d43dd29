import type { LabelSelector } from "@skiff/api";

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
  if (matcher === undefined) compiled.set(selector, (matcher = compile(selector)));
  return matcher;
}

/** The older form of a selector, a map: all labels must be there with these values. An absent or empty map matches nothing. */
export function mapMatcher(selector: Readonly<Record<string, string>> | undefined): LabelMatcher {
  const wanted = Object.entries(selector ?? {});
  return (labels) => wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

function compile(selector: LabelSelector): LabelMatcher {
  const rules: LabelMatcher[] = Object.entries(selector.matchLabels ?? {}).map(
    ([name, value]) =>
      (labels) =>
        labels[name] === value,
  );
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    switch (operator) {
      case "In":
        rules.push((labels) => labels[key] !== undefined && values.includes(labels[key]));
        break;
      case "NotIn":
        rules.push((labels) => labels[key] === undefined || !values.includes(labels[key]));
        break;
      case "Exists":
        rules.push((labels) => labels[key] !== undefined);
        break;
      case "DoesNotExist":
        rules.push((labels) => labels[key] === undefined);
        break;
      default:
        // Validation admits no other operator; an object of a newer version must not match by accident.
        rules.push(() => false);
    }
  }
  return (labels) => rules.every((rule) => rule(labels));
}
