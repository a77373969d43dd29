import type { JsonObject, JsonValue, KubeObject } from "@skiff/api";
import { KubectlError, notDone } from "../kubectl-error.ts";
import type { Flags } from "../flags.ts";
import type { Session } from "../session.ts";
import { customColumns } from "./custom-columns.ts";
import { JsonPath } from "./json-path.ts";
import { jsonText, yamlText } from "./yaml-text.ts";

/** Prints an object, or a `List` of them. `name` is what `-o name` shows for it. */
interface ObjectPrinter {
  print(object: JsonObject, name: string): string;
}

const FORMATS =
  "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml";

/** Splits `-o jsonpath={.x}` into the format and its argument; `--template` gives the argument otherwise. */
function splitOutput(flags: Flags): { readonly format: string; readonly argument: string } {
  const output = flags.text("output");
  const equals = output.indexOf("=");
  const format = equals < 0 ? output : output.slice(0, equals);
  return { format, argument: equals < 0 ? flags.text("template") : output.slice(equals + 1) };
}

/** The format of `-o`, without its argument; `""` and `wide` mean the table. */
export function outputFormat(flags: Flags): string {
  return splitOutput(flags).format;
}

/**
 * The printer that `-o` asks for; `undefined` for the formats that are no objects (`""`, `wide`).
 *
 * Errors: {@link KubectlError} for unknown formats, wrong templates and missing files.
 */
export async function objectPrinter(session: Session, flags: Flags): Promise<ObjectPrinter | undefined> {
  const { format, argument } = splitOutput(flags);
  const keepManaged = flags.bool("show-managed-fields");
  const clean = (object: JsonObject): JsonObject => (keepManaged ? object : withoutManagedFields(object));
  const allowMissing = flags.maybe("allow-missing-template-keys") === undefined || flags.bool("allow-missing-template-keys");
  switch (format) {
    case "":
    case "wide":
      return undefined;
    case "yaml": {
      let printed = 0;
      return { print: (object) => `${printed++ > 0 ? "---\n" : ""}${yamlText(clean(object))}` };
    }
    case "json":
      return { print: (object) => jsonText(clean(object)) };
    case "name":
      return { print: (_object, name) => `${name}\n` };
    case "jsonpath":
    case "jsonpath-file":
    case "jsonpath-as-json":
      return jsonPathPrinter(format === "jsonpath-file" ? await template(session, format, argument) : argument, format, allowMissing);
    case "custom-columns":
    case "custom-columns-file": {
      const spec = format === "custom-columns" ? argument : columnsOfFile(await template(session, format, argument));
      const columns = customColumns(spec, flags.maybe("no-headers") !== undefined && flags.bool("no-headers"));
      return { print: (object) => columns(itemsOf(object)) };
    }
    case "go-template":
    case "go-template-file":
    case "template":
    case "templatefile":
      throw notDone(`-o ${format}`);
    default:
      throw new KubectlError(`unable to match a printer suitable for the output format "${format}", allowed formats are: ${FORMATS}`);
  }
}

async function template(session: Session, format: string, path: string): Promise<string> {
  const text = path === "" ? undefined : await session.io.files.read(path);
  if (text === undefined) throw new KubectlError(`error reading --template ${path}, open ${path}: no such file or directory (${format})`);
  return text;
}

function columnsOfFile(text: string): string {
  const [names = "", paths = ""] = text.split("\n");
  const headings = names.trim().split(/\s+/);
  const specs = paths.trim().split(/\s+/);
  if (headings.length !== specs.length) {
    throw new KubectlError(`number of headers (${headings.length}) and field specifications (${specs.length}) don't match`);
  }
  return headings.map((heading, index) => `${heading}:${specs[index]}`).join(",");
}

function jsonPathPrinter(text: string, format: string, allowMissing: boolean): ObjectPrinter {
  if (text === "") throw new KubectlError("template format specified but no template given");
  const path = new JsonPath(text, { allowMissing });
  return { print: (object) => (format === "jsonpath-as-json" ? jsonText([...path.find(object)]) : path.execute(object)) };
}

/** The items of a list, or the object alone. */
export function itemsOf(object: JsonObject): readonly JsonValue[] {
  return Array.isArray(object.items) && typeof object.kind === "string" && object.kind.endsWith("List") ? object.items : [object];
}

/** A copy without `metadata.managedFields`, in lists as well. */
export function withoutManagedFields(object: JsonObject): JsonObject {
  const copy = { ...object };
  if (Array.isArray(copy.items)) copy.items = copy.items.map((item) => withoutManagedFields(item as JsonObject));
  const metadata = copy.metadata as JsonObject | undefined;
  if (metadata !== undefined && metadata !== null && "managedFields" in metadata) {
    const { managedFields: _managedFields, ...rest } = metadata;
    copy.metadata = rest;
  }
  return copy;
}

/** Objects as the `v1` `List` that kubectl prints. */
export function listOf(objects: readonly KubeObject[]): JsonObject {
  return { apiVersion: "v1", items: objects as unknown as JsonValue[], kind: "List", metadata: { resourceVersion: "" } };
}
