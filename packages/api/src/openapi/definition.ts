import type { Description } from "../schema/descriptions.ts";
import type { GroupVersionKind, Schema } from "../schema/schema.ts";
import { SCALAR_DEFINITIONS } from "../schema/tables/scalar-definitions.ts";
import type { OpenApiDocument } from "./open-api.ts";

/** The two versions of OpenAPI that clients ask for. */
export type OpenApiVersion = "v2" | "v3";

const REF_PREFIX = { v2: "#/definitions/", v3: "#/components/schemas/" } as const;

/** A definition as documents have it. */
export function definitionDocument(
  name: string,
  schema: Schema,
  description: Description | undefined,
  kinds: readonly GroupVersionKind[],
  openApi: OpenApiVersion,
): OpenApiDocument {
  const document = Object.hasOwn(SCALAR_DEFINITIONS, name)
    ? scalarDocument(schema, openApi)
    : schemaDocument(schema, openApi, description?.fields, openApi === "v3" || schema.custom === true);
  const text = description?.text ?? schema.description ?? "";
  const gvk = kinds.map(({ group, version, kind }) => ({ group, kind, version }));
  return {
    ...(text === "" ? {} : { description: text }),
    ...document,
    ...(gvk.length === 0 ? {} : { "x-kubernetes-group-version-kind": gvk }),
  };
}

/** The definitions of scalars say less than we know of them; the third version of OpenAPI lets them say a little more. */
function scalarDocument({ type, format }: Schema, openApi: OpenApiVersion): OpenApiDocument {
  if (format === "quantity") return openApi === "v2" ? { type: "string" } : { oneOf: [{ type: "string" }, { type: "number" }] };
  if (format === "micro-time") return { type: "string", format: "date-time" };
  if (format === "int-or-string" && openApi === "v3") return { format, oneOf: [{ type: "integer" }, { type: "string" }] };
  return { ...(type === undefined ? {} : { type }), ...(format === undefined ? {} : { format }) };
}

/** A schema as documents have it. `valued`: with its defaults and enumerations. */
function schemaDocument(
  schema: Schema,
  openApi: OpenApiVersion,
  descriptions: Description["fields"] = {},
  valued = openApi === "v3",
): OpenApiDocument {
  const document: OpenApiDocument = {};
  if (schema.description !== undefined) document["description"] = schema.description;
  if (schema.ref !== undefined) reference(document, schema, openApi);
  else if (schema.intOrString === true) {
    document["x-kubernetes-int-or-string"] = true;
    if (schema.format !== undefined) document["format"] = schema.format;
  } else {
    if (schema.type !== undefined) document["type"] = schema.type;
    if (schema.format !== undefined) document["format"] = schema.format;
  }
  Object.assign(document, schema.keywords);
  if (schema.properties !== undefined && schema.properties.size > 0) {
    document["properties"] = Object.fromEntries(
      Array.from(schema.properties, ([name, field]) => {
        const text = Object.hasOwn(descriptions, name) ? descriptions[name] : undefined;
        return [name, schemaDocument(text === undefined ? field : { ...field, description: text }, openApi, {}, valued)];
      }),
    );
  }
  if (schema.required !== undefined && schema.required.length > 0) document["required"] = schema.required;
  if (schema.items !== undefined) document["items"] = schemaDocument(schema.items, openApi, {}, valued);
  if (schema.additionalProperties !== undefined)
    document["additionalProperties"] = schemaDocument(schema.additionalProperties, openApi, {}, valued);
  // Upstream strips defaults and enumerations of built-in kinds from the second version, whose readers stumble over them.
  if (valued && schema.default !== undefined) document["default"] = schema.default;
  if (valued && schema.enum !== undefined) document["enum"] = schema.enum;
  if (openApi === "v3" && schema.nullable === true) document["nullable"] = true;
  return { ...document, ...extensions(schema) };
}

/** In the third version nothing may stand beside a `$ref`, so that it moves into an `allOf`. */
function reference(document: OpenApiDocument, schema: Schema, openApi: OpenApiVersion): void {
  const target = { $ref: REF_PREFIX[openApi] + schema.ref };
  const alone = Object.keys(schema).length === 1;
  if (openApi === "v2" || alone) Object.assign(document, target);
  else document["allOf"] = [target];
}

function extensions(schema: Schema): OpenApiDocument {
  const found: OpenApiDocument = {
    "x-kubernetes-preserve-unknown-fields": schema.preserveUnknownFields,
    "x-kubernetes-embedded-resource": schema.embeddedResource,
    "x-kubernetes-list-type": schema.listType,
    "x-kubernetes-list-map-keys": schema.listMapKeys,
    "x-kubernetes-map-type": schema.mapType,
    "x-kubernetes-patch-strategy": schema.patchStrategy?.join(","),
    "x-kubernetes-patch-merge-key": schema.patchMergeKey,
    "x-kubernetes-unions": schema.unions,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
