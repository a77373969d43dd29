import { splitObjectKey, type KubeObject, type LabelSelector, type Resource } from "@skiff/api";
import type { Informer, InformerChange } from "@skiff/client";
import { controllerOf, refersTo } from "./controller-ref.ts";
import { labelMatcher, type LabelMatcher } from "./label-selector.ts";

/**
 * The keys of the owners that a change of a dependent concerns: its managing owner now and before the change. A dependent
 * that nobody manages concerns every owner that could adopt it, which `adopters` names.
 */
export function* ownerKeys<T extends KubeObject>(
  change: InformerChange<T>,
  ownerResource: Resource,
  adopters?: (orphan: T) => Iterable<string>,
): Iterable<string> {
  const { namespace } = splitObjectKey(change.key);
  const prefix = namespace === undefined ? "" : `${namespace}/`;
  const reference = controllerOf(change.object);
  const before = change.previous && controllerOf(change.previous);
  if (before !== undefined && before.uid !== reference?.uid && refersTo(before, ownerResource)) yield prefix + before.name;
  if (reference !== undefined) {
    if (refersTo(reference, ownerResource)) yield prefix + reference.name;
  } else if (change.type !== "deleted" && adopters !== undefined) {
    yield* adopters(change.object);
  }
}

/** The owners of one namespace whose selector fits the labels of an orphan, as keys. */
export function adoptersBySelector<Owner extends KubeObject>(
  owners: Informer<Owner>,
  matcherOf: (owner: Owner) => LabelMatcher,
): (orphan: KubeObject) => Iterable<string> {
  return function* (orphan) {
    const { namespace = "", labels } = orphan.metadata ?? {};
    // No selector of a workload is empty, so an object without labels has no adopter.
    if (labels === undefined) return;
    for (const owner of owners.list(namespace)) if (matcherOf(owner)(labels)) yield `${namespace}/${owner.metadata?.name ?? ""}`;
  };
}

/** {@link adoptersBySelector} for owners with `spec.selector`. */
export function adoptersWithLabelSelector<Owner extends KubeObject & { spec?: { selector?: LabelSelector } }>(
  owners: Informer<Owner>,
): (orphan: KubeObject) => Iterable<string> {
  return adoptersBySelector(owners, (owner) => labelMatcher(owner.spec?.selector));
}
