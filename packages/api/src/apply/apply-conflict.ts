import { statusError, type StatusCause, type StatusError } from "../status.ts";
import { fieldPaths, showPath, type FieldSet } from "./field-set.ts";
import type { Manager } from "./managed-fields.ts";

/** Fields that an apply would change and that another manager owns. */
export interface ApplyConflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

/** How many conflicting fields are listed; the message says how many there are. */
const MAX_LISTED_CONFLICTS = 1000;

/** 409 with a cause for each field, in upstream's words. */
export function applyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const listed = conflicts
    .map(({ manager, fields }) => ({ who: describeManager(manager), paths: fieldPaths(fields).map(showPath).sort() }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const count = listed.reduce((sum, { paths }) => sum + paths.length, 0);
  const causes = listed.flatMap(({ who, paths }) =>
    paths.map((field): StatusCause => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field })),
  );
  const details = { causes: causes.slice(0, MAX_LISTED_CONFLICTS) };
  const [first] = listed;
  if (count === 1 && first !== undefined) {
    return statusError("Conflict", `Apply failed with 1 conflict: conflict with ${first.who}: ${first.paths[0]}`, details);
  }
  const lines = listed.flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)]);
  return statusError("Conflict", `Apply failed with ${count} conflicts: ${lines.slice(0, MAX_LISTED_CONFLICTS).join("\n")}`, details);
}

function describeManager({ name, operation, apiVersion, subresource }: Manager): string {
  const through = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(name)}${through}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}
