import type { Description } from "../schema/descriptions.ts";
import type { GroupVersionKind, Schema } from "../schema/schema.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";
import { customSchemaForV2, withEmbeddedFields } from "./custom-definition.ts";
import { definitionDocument, type OpenApiVersion } from "./definition.ts";
import type { OpenApiDocument, OpenApiInput } from "./open-api.ts";
import { listSchemaName, servedKinds, type ServedKind } from "./served-kind.ts";

/** Its first fields are described as those of all kinds. */
const ANY_KIND = "io.k8s.api.core.v1.ConfigMap";

const METADATA_TEXT =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Kinds that every group version has beside its own. */
const IN_EVERY_GROUP: ReadonlyMap<string, string> = new Map([
  [`${META}.DeleteOptions`, "DeleteOptions"],
  [`${META}.WatchEvent`, "WatchEvent"],
]);

/** Definitions by name, with those of the lists of custom resources, which have none in the registry. */
export class DefinitionSet {
  readonly #input: OpenApiInput;
  readonly #kinds = new Map<string, GroupVersionKind[]>();
  readonly #lists = new Map<string, ServedKind>();

  constructor(input: OpenApiInput) {
    this.#input = input;
    const served = servedKinds(input);
    for (const kind of served) {
      this.#addKind(kind.schema, kind, kind.kind);
      const list = listSchemaName(kind);
      if (!kind.verbs.includes("list")) continue;
      this.#addKind(list, kind, kind.listKind);
      if (input.registry.find(list) === undefined) this.#lists.set(list, kind);
    }
    const groupVersions = new Map(served.map((kind) => [`${kind.group}/${kind.version}`, kind]));
    for (const [, kind] of [...groupVersions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const [name, everywhere] of IN_EVERY_GROUP) this.#addKind(name, kind, everywhere);
    }
  }

  /**
   * Every name, sorted; versions that upstream has removed are not among the registry's own names. A custom kind's version
   * that nobody may use has a schema all the same, to convert what is stored in it.
   */
  names(): string[] {
    const { registry } = this.#input;
    const published = [...registry.names()].filter((name) => registry.find(name)?.custom !== true || this.#kinds.has(name));
    return this.closure([...published, ...this.#lists.keys(), ...this.#kinds.keys()]);
  }

  /** The schema of that name. */
  schema(name: string): Schema | undefined {
    const kind = this.#lists.get(name);
    return kind === undefined ? this.#input.registry.find(name) : listSchema(kind);
  }

  /** The definition of that name as documents have it. */
  document(name: string, openApi: OpenApiVersion): OpenApiDocument {
    const found = this.schema(name) ?? {};
    const schema = found.custom === true ? withEmbeddedFields(openApi === "v2" ? customSchemaForV2(found) : found, openApi) : found;
    const kinds = this.#kinds.get(name) ?? schema.groupVersionKinds ?? [];
    const descriptions = this.#input.descriptions ?? {};
    const described = schema.describedBy ?? name;
    const text = Object.hasOwn(descriptions, described) ? descriptions[described] : undefined;
    const description = found.custom === true ? customDescription(schema, descriptions) : text;
    return definitionDocument(name, schema, description, kinds, openApi);
  }

  /** The names and everything that they refer to, sorted. */
  closure(names: Iterable<string>): string[] {
    const found = new Set<string>();
    const queue = [...names];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      const schema = this.schema(name);
      if (schema !== undefined) collectRefs(schema, queue);
    }
    return [...found].sort();
  }

  #addKind(name: string, { group, version }: GroupVersionKind, kind: string): void {
    const known = this.#kinds.get(name) ?? [];
    const isKnown = known.some((other) => other.group === group && other.version === version && other.kind === kind);
    if (!isKnown) this.#kinds.set(name, [...known, { group, version, kind }]);
  }
}

/** The text of a custom kind is its own; the fields that all kinds have are described as everywhere. */
function customDescription({ description = "" }: Schema, descriptions: Readonly<Record<string, Description>>): Description {
  const { fields = {} } = descriptions[ANY_KIND] ?? {};
  const common = Object.entries(fields).filter(([name]) => name === "apiVersion" || name === "kind");
  return { text: description, fields: { ...Object.fromEntries(common), metadata: METADATA_TEXT } };
}

function collectRefs(schema: Schema, into: string[]): void {
  if (schema.ref !== undefined) into.push(schema.ref);
  for (const field of schema.properties?.values() ?? []) collectRefs(field, into);
  if (schema.items !== undefined) collectRefs(schema.items, into);
  if (schema.additionalProperties !== undefined) collectRefs(schema.additionalProperties, into);
}

function listSchema(kind: ServedKind): Schema {
  return {
    type: "object",
    description: `${kind.listKind} is a list of ${kind.kind}`,
    properties: new Map<string, Schema>([
      ["apiVersion", { type: "string" }],
      ["items", { type: "array", items: { ref: kind.schema } }],
      ["kind", { type: "string" }],
      ["metadata", { ref: `${META}.ListMeta` }],
    ]),
    required: ["items"],
  };
}

/** The registry's definitions that a document of the second version has. */
export function definitionDocuments(input: OpenApiInput & { readonly registry: SchemaRegistry }): Record<string, OpenApiDocument> {
  const set = new DefinitionSet(input);
  return Object.fromEntries(set.names().map((name) => [name, set.document(name, "v2")]));
}
