import type { Command } from "../command.ts";
import { KubectlError } from "../kubectl-error.ts";

/** The part of an OpenAPI v3 schema that is explained. */
interface OpenApiSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

type Schemas = Readonly<Record<string, OpenApiSchema>>;

const WIDTH = 76;

/** Of the values of an enumeration so many are shown in the list of fields. */
const LISTED_VALUES = 4;

/** `kubectl explain`. */
export const explainCommand: Command = {
  name: "explain",
  summary: "Get documentation for a resource",
  usage: "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [options]",
  flags: {
    "api-version": { type: "string", help: "Use given api-version (group/version) of the resource." },
    recursive: { type: "bool", help: "When true, print the name of all the fields recursively." },
    output: { type: "string", default: "plaintext", help: "Not used", hidden: true },
  },
  async run(session) {
    const { flags, io } = session;
    const [path, ...more] = flags.args;
    if (path === undefined)
      throw new KubectlError(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
      );
    if (more.length > 0) throw new KubectlError("We accept only this format: explain RESOURCE");
    const mapper = await session.mapper();
    const [first = "", ...rest] = path.split(".");
    let fields = rest;
    let resource = await mapper.byName(first).catch(() => undefined);
    // A name such as `deployments.apps.spec` may hold the group.
    for (let count = 1; count <= rest.length; count++) {
      const grouped = mapper.resources.find(
        ({ plural, group }) => group !== "" && `${plural}.${group}` === [first, ...rest.slice(0, count)].join("."),
      );
      if (grouped === undefined) continue;
      resource = grouped;
      fields = rest.slice(count);
    }
    if (resource === undefined) throw new KubectlError(`the server doesn't have a resource type "${first}"`);
    if (flags.has("api-version")) resource = await mapper.byKind(flags.text("api-version"), resource.kind);
    const { group, version, kind } = resource;
    const document = (await (
      await session.client()
    ).raw({ method: "GET", path: group === "" ? `/openapi/v3/api/${version}` : `/openapi/v3/apis/${group}/${version}` })) as {
      components?: { schemas?: Schemas };
    };
    const schemas = document.components?.schemas ?? {};
    const root = Object.values(schemas).find((schema) =>
      schema["x-kubernetes-group-version-kind"]?.some((one) => one.group === group && one.version === version && one.kind === kind),
    );
    if (root === undefined) throw new KubectlError(`GVR (${group}/${version}, Resource=${resource.plural}) not found in OpenAPI schema`);
    explain(io.stdout, schemas, root, { group, version, kind }, fields, flags.bool("recursive"));
  },
};

function referenced(schemas: Schemas, schema: OpenApiSchema): OpenApiSchema {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return reference === undefined ? schema : (schemas[reference.slice(reference.lastIndexOf("/") + 1)] ?? {});
}

/** The schema whose fields are shown for a field: that of its items or values. */
function inner(schemas: Schemas, schema: OpenApiSchema): OpenApiSchema {
  const resolved = referenced(schemas, schema);
  if (resolved.items !== undefined) return inner(schemas, resolved.items);
  if (typeof resolved.additionalProperties === "object") return inner(schemas, resolved.additionalProperties);
  return resolved;
}

function typeName(schemas: Schemas, schema: OpenApiSchema): string {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  const resolved = referenced(schemas, schema);
  if (resolved.items !== undefined) return `[]${typeName(schemas, resolved.items)}`;
  if (typeof resolved.additionalProperties === "object") return `map[string]${typeName(schemas, resolved.additionalProperties)}`;
  const name = reference?.slice(reference.lastIndexOf(".") + 1);
  // Times are strings to people; quantities and the like go by their names.
  if (name !== undefined) return /^(Micro)?Time$/.test(name) ? "string" : name;
  if (resolved["x-kubernetes-int-or-string"]) return "IntOrString";
  return resolved.type ?? "Object";
}

function explain(
  print: (text: string) => void,
  schemas: Schemas,
  root: OpenApiSchema,
  { group, version, kind }: { group: string; version: string; kind: string },
  fields: readonly string[],
  recursive: boolean,
): void {
  const heading = `${group === "" ? "" : `GROUP:      ${group}\n`}KIND:       ${kind}\nVERSION:    ${version}\n\n`;
  let shown = root;
  let field: OpenApiSchema | undefined;
  for (const name of fields) {
    const parent = field === undefined ? root : inner(schemas, field);
    const next = parent.properties?.[name];
    if (next === undefined) {
      // What is known by then comes first, as kubectl prints it.
      print(heading);
      throw new KubectlError(`field "${name}" does not exist`);
    }
    field = next;
    shown = inner(schemas, next);
  }
  let out = heading;
  const description = [...new Set([field?.description ?? field?.allOf?.[0]?.description, shown.description])].filter(
    (text) => text !== undefined && text !== "",
  );
  if (field !== undefined) out += `FIELD: ${fields.at(-1)} <${typeName(schemas, field)}>\n${enumText(shown, 0)}\n`;
  out += `${field === undefined ? "" : "\n"}DESCRIPTION:\n${wrap(description.join("\n") || "<empty>", 4)}    \n`;
  if (shown.properties !== undefined) out += `FIELDS:\n${fieldsText(schemas, shown, 2, recursive, new Set())}`;
  print(`${out}\n`);
}

function enumText(schema: OpenApiSchema, indent: number, most = Infinity): string {
  if (schema.enum === undefined) return "";
  const values = schema.enum.slice(0, most).map(String);
  return `${" ".repeat(indent)}enum: ${[...values, ...(schema.enum.length > most ? ["...."] : [])].join(", ")}\n`;
}

function fieldsText(
  schemas: Schemas,
  schema: OpenApiSchema,
  indent: number,
  recursive: boolean,
  above: ReadonlySet<OpenApiSchema>,
): string {
  let out = "";
  for (const name of Object.keys(schema.properties ?? {}).sort()) {
    const field = schema.properties?.[name] ?? {};
    const target = inner(schemas, field);
    out += `${" ".repeat(indent)}${name}\t<${typeName(schemas, field)}>${schema.required?.includes(name) ? " -required-" : ""}\n${enumText(target, indent, LISTED_VALUES)}`;
    if (!recursive) out += `${wrap(field.description ?? "<no description>", indent + 2)}\n`;
    // Schemas of custom resource definitions hold themselves.
    else if (target.properties !== undefined && !above.has(target))
      out += fieldsText(schemas, target, indent + 2, true, new Set([...above, target]));
  }
  return out;
}

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(/\s+/).filter((one) => one !== "")) {
      if (line !== "" && line.length + 1 + word.length > WIDTH - indent + 4) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return `${lines.map((line) => (line === "" ? "" : " ".repeat(indent) + line)).join("\n")}\n`;
}
