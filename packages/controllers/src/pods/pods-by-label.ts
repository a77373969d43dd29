import type { Pod } from "@skiff/api";
import type { Informer } from "@skiff/client";

const LABEL_INDEX = "label";
const EMPTY: readonly Pod[] = [];

/**
 * Pods by their labels: finding those that a map selector picks costs what its rarest label picks, however many others the
 * namespace has. Adds an index to the informer.
 */
export class PodsByLabel {
  readonly #pods: Informer<Pod>;

  constructor(pods: Informer<Pod>) {
    this.#pods = pods;
    pods.addIndex(LABEL_INDEX, (pod) => {
      const { namespace, labels = {} } = pod.metadata ?? {};
      return Object.entries(labels).map(([name, value]) => `${namespace}/${name}=${value}`);
    });
  }

  /** The Pods of a namespace that have all these labels. An empty selector picks all. */
  select(namespace: string, selector: Readonly<Record<string, string>>): readonly Pod[] {
    const entries = Object.entries(selector);
    if (entries.length === 0) return this.#pods.list(namespace);
    let candidates: readonly Pod[] | undefined;
    for (const [name, value] of entries) {
      const some = this.#pods.byIndex(LABEL_INDEX, `${namespace}/${name}=${value}`);
      if (candidates === undefined || some.length < candidates.length) candidates = some;
    }
    if (entries.length === 1) return candidates ?? EMPTY;
    return (candidates ?? EMPTY).filter(({ metadata }) => entries.every(([name, value]) => metadata?.labels?.[name] === value));
  }
}
