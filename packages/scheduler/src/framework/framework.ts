import { assert } from "@skiff/base";
import type { Plugin } from "./plugin.ts";

type Having<K extends keyof Plugin> = Plugin & Required<Pick<Plugin, K>>;

/**
 * The plug-ins of a profile by extension point, in the order in which they were given.
 *
 * Errors: throws when two plug-ins have the same name, or when there is not exactly one QueueSort and at least one Bind.
 */
export class Framework {
  /** Pods ask for it in `spec.schedulerName`. */
  readonly schedulerName: string;
  readonly plugins: readonly Plugin[];
  readonly queueSort: Having<"compareInQueue">;
  readonly preEnqueue: readonly Having<"preEnqueue">[];
  readonly preFilter: readonly Having<"preFilter">[];
  readonly postFilter: readonly Having<"postFilter">[];
  readonly preScore: readonly Having<"preScore">[];
  readonly bind: Having<"bind">;
  readonly #byName = new Map<string, Plugin>();

  constructor(schedulerName: string, plugins: readonly Plugin[]) {
    this.schedulerName = schedulerName;
    this.plugins = plugins;
    for (const plugin of plugins) {
      assert(!this.#byName.has(plugin.name), `the plug-in ${plugin.name} was given twice`);
      this.#byName.set(plugin.name, plugin);
    }
    const having = <K extends keyof Plugin>(point: K): Having<K>[] =>
      plugins.filter((plugin): plugin is Having<K> => plugin[point] !== undefined);
    const [queueSort, ...others] = having("compareInQueue");
    assert(queueSort !== undefined && others.length === 0, "a profile needs exactly one QueueSort plug-in");
    const [bind] = having("bind");
    assert(bind !== undefined, "a profile needs a Bind plug-in");
    this.queueSort = queueSort;
    this.bind = bind;
    this.preEnqueue = having("preEnqueue");
    this.preFilter = having("preFilter");
    this.postFilter = having("postFilter");
    this.preScore = having("preScore");
  }

  plugin(name: string): Plugin | undefined {
    return this.#byName.get(name);
  }
}
