import type { Command } from "../command.ts";
import { changeObjects, mergedObject } from "../changed-objects.ts";
import { ALL_NAMESPACES, FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError } from "../kubectl-error.ts";
import { selectObjects } from "../selected-objects.ts";

function pairs(words: readonly string[]): { readonly set: Map<string, string>; readonly remove: string[] } {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) set.set(word.slice(0, equals), word.slice(equals + 1));
    else if (/^[^=]+-$/.test(word)) remove.push(word.slice(0, -1));
    else throw new KubectlError(`unknown parameter: ${word}`);
  }
  for (const key of remove) if (set.has(key)) throw new KubectlError(`can not both modify and remove a label in the same command`);
  return { set, remove };
}

function metadataCommand(name: "label" | "annotate", field: "labels" | "annotations", done: string, undone: string): Command {
  const noun = field === "labels" ? "label" : "annotation";
  return {
    name,
    summary: `Update the ${field} on a resource`,
    usage: `[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]`,
    flags: {
      ...FILE_FLAGS,
      ...OUTPUT_FLAGS,
      ...WRITE_FLAGS,
      ...SELECTOR_FLAGS,
      ...ALL_NAMESPACES,
      all: { type: "bool", help: "Select all resources, in the namespace of the specified resource types" },
      list: { type: "bool", help: `If true, display the ${field} for a given resource.` },
      local: { type: "bool", help: "Not used", hidden: true },
      overwrite: { type: "bool", help: `If true, allow ${field} to be overwritten.` },
      "resource-version": {
        type: "string",
        help: "If non-empty, the update will only succeed if this is the current resource-version for the object.",
      },
    },
    async run(session) {
      const { flags } = session;
      const isPair = (word: string): boolean => word.includes("=") || (word.endsWith("-") && word.length > 1);
      const firstPair = flags.args.findIndex((word, index) => (index > 0 || flags.has("filename")) && isPair(word));
      const words = firstPair < 0 ? flags.args : flags.args.slice(0, firstPair);
      const { set, remove } = pairs(firstPair < 0 ? [] : flags.args.slice(firstPair));
      const options = { words, all: flags.bool("all") };
      if (flags.bool("list")) {
        for (const { object } of await selectObjects(session, flags, options)) {
          for (const [key, value] of Object.entries(object.metadata?.[field] ?? {})) session.line(`${key}=${value}`);
        }
        return;
      }
      if (words.length === 0 && !flags.has("filename"))
        throw new KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>");
      if (set.size + remove.length === 0) throw new KubectlError(`at least one ${noun} update is required`);
      await changeObjects(
        session,
        `kubectl-${name}`,
        ({ object }) => {
          const now = object.metadata?.[field] ?? {};
          for (const [key, value] of set) {
            const old = now[key];
            if (old !== undefined && old !== value && !flags.bool("overwrite")) {
              throw new KubectlError(
                field === "labels"
                  ? `'${key}' already has a value (${old}), and --overwrite is false`
                  : `--overwrite is false but found the following declared annotation(s): '${key}' already has a value (${old})`,
              );
            }
          }
          for (const key of remove) if (!Object.hasOwn(now, key) && field === "labels") session.line(`label "${key}" not found.`);
          const changes: Record<string, string | null> = Object.fromEntries(set);
          for (const key of remove) changes[key] = null;
          const version = flags.maybe("resource-version");
          const changed = mergedObject(object, { metadata: { [field]: changes, ...(version ? { resourceVersion: version } : {}) } });
          const added = [...set].some(([key, value]) => now[key] !== value);
          const removed = remove.some((key) => Object.hasOwn(now, key));
          // Annotating says the same whatever it changed; labelling tells the cases apart.
          const outcome = field === "annotations" ? done : added ? done : removed ? undone : `not ${done}`;
          return { object: changed, outcome };
        },
        options,
      );
    },
  };
}

/** `kubectl label`. */
export const labelCommand = metadataCommand("label", "labels", "labeled", "unlabeled");
/** `kubectl annotate`. */
export const annotateCommand = metadataCommand("annotate", "annotations", "annotated", "annotated");
