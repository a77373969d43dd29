import type { Schema } from "../schema/schema.ts";

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** What only the third version of OpenAPI has. */
const JUNCTORS = ["allOf", "anyOf", "oneOf", "not"];

/**
 * The schema of a custom kind as the second version of OpenAPI can say it. As upstream does it, for clients check objects
 * against this document before they send them: nothing may be in it that makes them refuse what the server takes.
 */
export function customSchemaForV2(schema: Schema): Schema {
  // Beside any listed field a client would refuse the ones that are kept without being listed.
  if (schema.preserveUnknownFields === true) return { type: "object", groupVersionKinds: schema.groupVersionKinds };
  return forV2(schema);
}

function forV2(schema: Schema): Schema {
  const { nullable, keywords, ...rest } = schema;
  const open = nullable === true || schema.preserveUnknownFields === true;
  const properties = open ? undefined : schema.properties;
  const items = open ? undefined : schema.items;
  const isUntyped = nullable === true || (schema.type === "array" && items === undefined) || (open && schema.type === "object");
  return {
    ...rest,
    type: isUntyped ? undefined : schema.type,
    keywords: keywords && Object.fromEntries(Object.entries(keywords).filter(([name]) => !JUNCTORS.includes(name))),
    properties: properties && new Map(Array.from(properties, ([name, field]) => [name, forV2(field)])),
    items: items && forV2(items),
    additionalProperties: schema.additionalProperties && forV2(schema.additionalProperties),
    // A field that may be null counts as absent then.
    required: schema.required?.filter((name) => properties?.get(name)?.nullable !== true),
  };
}

/** The schema with the fields that objects inside of objects have as all objects do. */
export function withEmbeddedFields(schema: Schema, openApi: "v2" | "v3"): Schema {
  const inner = (field: Schema): Schema => withEmbeddedFields(field, openApi);
  const whole: Schema = {
    ...schema,
    properties: schema.properties && new Map(Array.from(schema.properties, ([name, field]) => [name, inner(field)])),
    items: schema.items && inner(schema.items),
    additionalProperties: schema.additionalProperties && inner(schema.additionalProperties),
  };
  if (schema.embeddedResource !== true || (openApi === "v2" && schema.preserveUnknownFields === true)) return whole;
  const properties = new Map<string, Schema>(whole.properties);
  properties.set("apiVersion", { type: "string" }).set("kind", { type: "string" }).set("metadata", { ref: OBJECT_META });
  return { ...whole, properties, required: [...new Set([...(schema.required ?? []), "kind", "apiVersion"])] };
}
