import { getKey, isJsonObject, type JsonObject, type JsonValue } from "../json-value.ts";
import type { ListType, MapType, Schema, SchemaType } from "./schema.ts";

type Draft = { -readonly [K in keyof Schema]: Schema[K] };

/** How a keyword of a CustomResourceDefinition's schema becomes part of ours. Every other keyword is kept verbatim. */
const KEYWORDS: ReadonlyMap<string, (draft: Draft, value: JsonValue) => void> = new Map([
  ["type", (draft, value) => void (draft.type = value as SchemaType)],
  ["format", (draft, value) => void (draft.format = value as string)],
  ["description", (draft, value) => void (draft.description = value as string)],
  ["required", (draft, value) => void (draft.required = value as string[])],
  ["default", (draft, value) => void (draft.default = value)],
  ["enum", (draft, value) => void (draft.enum = value as JsonValue[])],
  ["nullable", (draft, value) => void (draft.nullable = value === true)],
  ["items", (draft, value) => void (draft.items = schemaFromOpenApi(value))],
  ["additionalProperties", additionalProperties],
  ["properties", properties],
  ["x-kubernetes-int-or-string", (draft, value) => void (draft.intOrString = value === true)],
  ["x-kubernetes-preserve-unknown-fields", (draft, value) => void (draft.preserveUnknownFields = value === true)],
  ["x-kubernetes-embedded-resource", (draft, value) => void (draft.embeddedResource = value === true)],
  ["x-kubernetes-list-type", (draft, value) => void (draft.listType = value as ListType)],
  ["x-kubernetes-list-map-keys", (draft, value) => void (draft.listMapKeys = value as string[])],
  ["x-kubernetes-map-type", (draft, value) => void (draft.mapType = value as MapType)],
]);

/**
 * The schema of a custom resource out of `openAPIV3Schema` of its CustomResourceDefinition. The input must be a valid structural
 * schema; `null` keywords count as absent. Bounded by the depth of the input.
 */
export function schemaFromOpenApi(props: JsonValue): Schema {
  const draft: Draft = {};
  if (!isJsonObject(props)) return draft;
  const rest: JsonObject = {};
  for (const [keyword, value] of Object.entries(props)) {
    if (value === null) continue;
    const known = KEYWORDS.get(keyword);
    if (known === undefined) rest[keyword] = value;
    else known(draft, value);
  }
  if (Object.keys(rest).length > 0) draft.keywords = rest;
  return draft;
}

function properties(draft: Draft, value: JsonValue): void {
  if (!isJsonObject(value)) return;
  draft.properties = new Map(Object.keys(value).map((name) => [name, schemaFromOpenApi(getKey(value, name) ?? null)]));
}

function additionalProperties(draft: Draft, value: JsonValue): void {
  if (value === false) return;
  draft.additionalProperties = value === true ? {} : schemaFromOpenApi(value);
}
