import { isJsonObject, type JsonObject, type JsonValue, type KubeObject } from "@skiff/api";
import { dryRunOf } from "./dry-run.ts";
import { throwAll } from "./kubectl-error.ts";
import { applyMergePatch, createThreeWayMergePatch } from "@skiff/api";
import { selectObjects, type SelectedObject, type SelectOptions } from "./selected-objects.ts";
import type { Session } from "./session.ts";
import { patchObject, WriteReport } from "./written-objects.ts";

/** What a change made of an object. */
interface Change {
  readonly object: KubeObject & JsonObject;
  /** `labeled`, `image updated`, … */
  readonly outcome: string;
}

/**
 * Changes every object that the command picks and sends the differences as a merge patch; an object that stays as it was
 * is not sent. `change` answers the changed copy.
 */
export async function changeObjects(
  session: Session,
  manager: string,
  change: (selected: SelectedObject) => Change | undefined,
  options: SelectOptions & { readonly subresource?: string; readonly silentWhenSame?: boolean } = {},
): Promise<void> {
  const errors: unknown[] = [];
  const report = new WriteReport(session);
  for (const selected of await selectObjects(session, session.flags, { errors, ...options })) {
    try {
      const changed = change(selected);
      if (changed === undefined) continue;
      const patch = createThreeWayMergePatch(selected.object, changed.object, selected.object);
      const isSame = Object.keys(patch).length === 0;
      if (isSame && options.silentWhenSame) continue;
      const local = dryRunOf(session.flags) === "client" || session.flags.maybe("local") === "true";
      const object =
        isSame || local
          ? changed.object
          : await patchObject(session, selected, patch, { type: "merge", manager, subresource: options.subresource });
      await report.report(selected, object, changed.outcome);
    } catch (error) {
      errors.push(error);
    }
  }
  throwAll(errors);
}

/** A copy of the object with a merge patch in it. */
export function mergedObject(object: KubeObject & JsonObject, patch: JsonObject): KubeObject & JsonObject {
  return applyMergePatch(structuredClone(object) as JsonValue, patch) as KubeObject & JsonObject;
}

/** The template of Pods inside of an object: a Pod's own, a workload's, a CronJob's; `undefined` when there is none. */
export function podSpecOf(object: JsonObject): JsonObject | undefined {
  const at = (value: JsonValue | undefined, ...path: string[]): JsonValue | undefined =>
    path.reduce<JsonValue | undefined>((current, key) => (isJsonObject(current) ? current[key] : undefined), value);
  for (const path of [["spec", "jobTemplate", "spec", "template", "spec"], ["spec", "template", "spec"], ["spec"]]) {
    const spec = at(object, ...path);
    if (isJsonObject(spec) && Array.isArray(spec.containers)) return spec;
  }
  return undefined;
}
