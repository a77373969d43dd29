import type { JsonValue } from "@skiff/api";
import { KubectlError } from "../kubectl-error.ts";
import { JsonPath, printed, relaxedPath } from "./json-path.ts";
import { alignRows } from "./table.ts";

/** A printer for `NAME:.metadata.name,IMAGE:.spec.containers[*].image`. */
export function customColumns(spec: string, noHeaders: boolean): (items: readonly JsonValue[]) => string {
  if (spec === "") throw new KubectlError("custom-columns format specified but no custom columns given");
  const columns = splitColumns(spec).map((part) => {
    const colon = part.indexOf(":");
    if (colon < 0) throw new KubectlError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { heading: part.slice(0, colon), path: new JsonPath(relaxedPath(part.slice(colon + 1)), { allowMissing: true }) };
  });
  let printedBefore = false;
  return (items) => {
    const rows = items.map((item) =>
      columns.map(({ path }) => {
        const values = path.find(item);
        return values.length === 0 ? "<none>" : values.map((value) => (value === null ? "<nil>" : printed(value))).join(",");
      }),
    );
    const heading = noHeaders || printedBefore ? [] : [columns.map((column) => column.heading)];
    printedBefore = true;
    return alignRows([...heading, ...rows]);
  };
}

/** Commas inside of brackets belong to the path. */
function splitColumns(spec: string): string[] {
  return spec.split(/,(?![^[]*\])/);
}
