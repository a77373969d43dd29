import type { GroupVersionKind, ListType, MapType, PatchStrategy, Schema } from "../src/schema/schema.ts";
import { DEFAULTS, ENUMERATIONS } from "../src/schema/tables/defaults.ts";
import { FIELD_TYPES, UNIONS } from "../src/schema/tables/field-types.ts";
import { ATOMIC_MAPS, FIELD_MAP_TYPES, LIST_RULES } from "../src/schema/tables/merge-rules.ts";
import { SCALAR_DEFINITIONS } from "../src/schema/tables/scalar-definitions.ts";
import type { Model, ModelField } from "./client-models.ts";
import type { DefinitionHome } from "./definition-names.ts";
import { TableReader } from "./table-reader.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Definitions of scalars by their short name. */
const SCALARS = new Map(Object.keys(SCALAR_DEFINITIONS).map((name) => [name.slice(name.lastIndexOf(".") + 1), name]));

/** A schema while it is being built, in the form in which it is written: properties as a plain object. */
type Draft = { -readonly [K in keyof Schema]: Schema[K] };

/** The documentation of a definition: its own text, then that of its fields by name. */
interface DefinitionText {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Everything about schemas that is generated. */
interface GeneratedSchemas {
  readonly schemas: ReadonlyMap<string, Schema>;
  readonly texts: ReadonlyMap<string, DefinitionText>;
}

/** Builds the schema of every model out of the client's models and our tables. A table's line without a field is an error. */
export function buildSchemas(models: ReadonlyMap<string, Model>, homes: ReadonlyMap<string, DefinitionHome>): GeneratedSchemas {
  const tables = new Tables();
  const schemas = new Map<string, Schema>();
  const texts = new Map<string, DefinitionText>();
  for (const model of models.values()) {
    const home = homes.get(model.className);
    if (home === undefined) throw new Error(`${model.className}: no home`);
    schemas.set(home.name, definitionSchema(model, home, homes, tables));
    const described = model.fields.filter((field) => field.description !== "");
    texts.set(home.name, {
      text: model.description,
      fields: Object.fromEntries(described.map((field) => [field.name, field.description])),
    });
  }
  tables.assertAllUsed();
  for (const [name, { schema, description }] of Object.entries(SCALAR_DEFINITIONS)) {
    schemas.set(name, schema);
    texts.set(name, { text: description, fields: {} });
  }
  return { schemas, texts };
}

class Tables {
  readonly lists = new TableReader("LIST_RULES", LIST_RULES, 2);
  readonly atomicMaps = new TableReader("ATOMIC_MAPS", ATOMIC_MAPS, 1);
  readonly fieldMaps = new TableReader("FIELD_MAP_TYPES", FIELD_MAP_TYPES, 2);
  readonly fieldTypes = new TableReader("FIELD_TYPES", FIELD_TYPES, 2);
  readonly unions = new TableReader("UNIONS", UNIONS, 1);
  readonly defaults = new TableReader("DEFAULTS", DEFAULTS, 2);
  readonly enumerations = new TableReader("ENUMERATIONS", ENUMERATIONS, 2);

  assertAllUsed(): void {
    const tables = [this.lists, this.atomicMaps, this.fieldMaps, this.fieldTypes, this.unions, this.defaults, this.enumerations];
    for (const table of tables) table.assertAllUsed();
  }
}

function definitionSchema(model: Model, home: DefinitionHome, homes: ReadonlyMap<string, DefinitionHome>, tables: Tables): Schema {
  const key = `${home.group}.${home.short}`;
  const draft: Draft = { type: "object" };
  draft.properties = new Map(model.fields.map((field) => [field.name, fieldSchema(field, key, homes, tables)]));
  const required = model.fields.filter((field) => field.required).map((field) => field.name);
  if (required.length > 0) draft.required = required.sort();
  const atomic = tables.atomicMaps.find(key);
  if (atomic !== undefined && (atomic[0] === undefined || atomic[0].split(",").includes(home.version))) draft.mapType = "atomic";
  const union = tables.unions.find(key);
  if (union !== undefined) draft.unions = [unionOf(union)];
  const kinds = groupVersionKinds(model, home);
  if (kinds.length > 0) draft.groupVersionKinds = kinds;
  return draft;
}

function unionOf([discriminator = "-", fields = ""]: readonly string[]): unknown {
  const names = Object.fromEntries(fields.split(",").map((pair) => pair.split("=")));
  return { ...(discriminator === "-" ? {} : { discriminator }), "fields-to-discriminateBy": names };
}

function groupVersionKinds(model: Model, home: DefinitionHome): GroupVersionKind[] {
  const has = (name: string): boolean => model.fields.some((field) => field.name === name);
  if (home.group === "meta") {
    // The kinds of the meta group that the core API serves under its own version.
    const served = ["APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status", "DeleteOptions", "WatchEvent"];
    return served.includes(home.short) ? [{ group: "", version: home.version, kind: home.short }] : [];
  }
  if (!has("apiVersion") || !has("kind") || !has("metadata")) return [];
  return [{ group: home.apiGroup, version: home.version, kind: home.short }];
}

function fieldSchema(field: ModelField, owner: string, homes: ReadonlyMap<string, DefinitionHome>, tables: Tables): Schema {
  const special = tables.fieldTypes.find(owner, field.name)?.[0];
  const draft: Draft = typeSchema(field.type, field.format, homes, special);
  const [listType, mapKeys = "-", strategy = "-", mergeKey = "-"] = tables.lists.find(owner, field.name) ?? [];
  if (listType !== undefined && listType !== "-") draft.listType = listType as ListType;
  else if (draft.type === "array" && listType === undefined && !untypedList(owner, field)) draft.listType = "atomic";
  if (mapKeys !== "-") draft.listMapKeys = mapKeys.split(",");
  if (strategy !== "-") draft.patchStrategy = strategy.split(",") as PatchStrategy[];
  if (mergeKey !== "-") draft.patchMergeKey = mergeKey;
  const mapType = tables.fieldMaps.find(owner, field.name)?.[0];
  if (mapType !== undefined) draft.mapType = mapType as MapType;
  const standard = tables.defaults.find(owner, field.name)?.join(" ");
  if (standard !== undefined) draft.default = JSON.parse(standard);
  const values = tables.enumerations.find(owner, field.name)?.[0];
  if (values !== undefined) draft.enum = values.split(",");
  return draft;
}

/** The lists that upstream gives no list type: the items of list kinds, and the verbs in discovery. */
function untypedList(owner: string, field: ModelField): boolean {
  return (owner.endsWith("List") && field.name === "items") || (owner === "meta.APIResource" && field.name === "verbs");
}

function typeSchema(type: string, format: string, homes: ReadonlyMap<string, DefinitionHome>, special: string | undefined): Draft {
  const array = /^Array<(.*)>$/.exec(type)?.[1];
  if (array !== undefined) return { type: "array", items: typeSchema(array, format, homes, special) };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) return { type: "object", additionalProperties: typeSchema(map, format, homes, special) };
  if (special !== undefined) return { ref: scalarName(special) };
  if (type === "Date") return { ref: `${META}.Time` };
  if (type === "V1MicroTime") return { ref: `${META}.MicroTime` };
  if (type === "IntOrString") return { ref: scalarName("IntOrString") };
  if (type === "string" || type === "boolean") return { type, ...(format === "" ? {} : { format }) };
  if (type === "number") return { type: format === "double" ? "number" : "integer", format };
  const home = homes.get(type);
  if (home === undefined) throw new Error(`no schema for the client's type ${type}; add the field to FIELD_TYPES`);
  return { ref: home.name };
}

function scalarName(short: string): string {
  const name = SCALARS.get(short);
  if (name === undefined) throw new Error(`${short} is not in SCALAR_DEFINITIONS`);
  return name;
}

/** The module with the schemas: one text of JSON for each, which is parsed when it is first asked for. */
export function writeSchemas({ schemas }: GeneratedSchemas): string {
  const lines = [...schemas].sort(byName).map(([name, schema]) => `  ${JSON.stringify(name)}: ${JSON.stringify(schemaJson(schema))},`);
  return [
    "// Written by generate.ts from the models of @kubernetes/client-node and src/schema/tables; do not edit.",
    `export const SCHEMAS: Readonly<Record<string, string>> = {\n${lines.join("\n")}\n};\n`,
  ].join("\n");
}

/** The module with the documentation of definitions and fields, as one text of JSON. */
export function writeTexts({ texts }: GeneratedSchemas): string {
  const json = JSON.stringify(Object.fromEntries([...texts].sort(byName)));
  return [
    "// Written by generate.ts from the models of @kubernetes/client-node; do not edit.",
    `export const DESCRIPTIONS = ${JSON.stringify(json)};\n`,
  ].join("\n");
}

function schemaJson(schema: Schema): string {
  return JSON.stringify(schema, (_key, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
