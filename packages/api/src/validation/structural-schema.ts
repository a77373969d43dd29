import { RE2JS } from "re2js";
import { type FieldError, forbiddenField, invalidValue, notSupported, required, tooMany } from "../field-error.ts";
import type { JSONSchemaProps } from "../generated/types.ts";

/** Deeper schemas are refused; the walk is recursive. */
const MAX_DEPTH = 100;
/** Schemas with more nodes are refused, so that checking objects against them stays cheap. */
const MAX_NODES = 20_000;

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const LIST_TYPES = ["atomic", "map", "set"];
const MAP_TYPES = ["atomic", "granular"];
/** What a structural schema has no place for. */
const UNSUPPORTED = ["$ref", "definitions", "dependencies", "additionalItems", "patternProperties", "id", "$schema"] as const;
/** What a schema within `allOf`, `anyOf`, `oneOf` or `not` may not have: it only checks, and gives no structure. */
const STRUCTURAL = [
  "type",
  "additionalProperties",
  "default",
  "description",
  "title",
  "nullable",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
] as const;

interface Walk {
  nodes: number;
}

function isSchema(value: unknown): value is JSONSchemaProps {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function validatePattern(pattern: string | undefined, field: string): FieldError[] {
  if (pattern === undefined) return [];
  try {
    RE2JS.compile(pattern);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [invalidValue(`${field}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`)];
  }
}

/** Rules that hold for every schema, wherever it stands. */
function validateAny(schema: JSONSchemaProps, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of UNSUPPORTED)
    if (schema[name] !== undefined) errors.push(forbiddenField(`${field}.${name}`, `${name} is not supported`));
  if (schema.uniqueItems) {
    errors.push(forbiddenField(`${field}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
  }
  if (schema.additionalProperties === false) {
    errors.push(forbiddenField(`${field}.additionalProperties`, "additionalProperties cannot be set to false"));
  }
  if (schema.properties && schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    errors.push(forbiddenField(`${field}.additionalProperties`, "additionalProperties and properties are mutual exclusive"));
  }
  return [...errors, ...validatePattern(schema.pattern, field)];
}

/** Schemas that only check. */
function validateValueSchema(schema: JSONSchemaProps, field: string, walk: Walk, depth: number): FieldError[] {
  if (++walk.nodes > MAX_NODES || depth > MAX_DEPTH) return [];
  const errors = validateAny(schema, field);
  const intOrString = schema["x-kubernetes-int-or-string"];
  for (const name of STRUCTURAL) {
    // `anyOf: [{type: integer}, {type: string}]` is how the two types of an IntOrString are spelled out.
    if (name === "type" && (intOrString || /\.anyOf\[[01]\]$/.test(field))) continue;
    if (schema[name] !== undefined) errors.push(forbiddenField(`${field}.${name}`, "must be empty to be structural"));
  }
  return [...errors, ...children(schema, field, (child, at) => validateValueSchema(child, at, walk, depth + 1))];
}

function children(schema: JSONSchemaProps, field: string, visit: (child: JSONSchemaProps, field: string) => FieldError[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) errors.push(...visit(child, `${field}.properties[${name}]`));
  if (isSchema(schema.items)) errors.push(...visit(schema.items, `${field}.items`));
  for (const list of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [index, child] of (schema[list] ?? []).entries()) errors.push(...visit(child, `${field}.${list}[${index}]`));
  }
  if (schema.not) errors.push(...visit(schema.not, `${field}.not`));
  return errors;
}

function validateLists(schema: JSONSchemaProps, field: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"];
  const mapType = schema["x-kubernetes-map-type"];
  const errors: FieldError[] = [];
  if (listType !== undefined && !LIST_TYPES.includes(listType))
    errors.push(notSupported(`${field}.x-kubernetes-list-type`, listType, LIST_TYPES));
  if (mapType !== undefined && !MAP_TYPES.includes(mapType))
    errors.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, MAP_TYPES));
  if (listType !== undefined && schema.type !== "array") {
    errors.push(invalidValue(`${field}.type`, schema.type ?? "", "must be array if x-kubernetes-list-type is specified"));
  }
  if (mapType !== undefined && schema.type !== "object") {
    errors.push(invalidValue(`${field}.type`, schema.type ?? "", "must be object if x-kubernetes-map-type is specified"));
  }
  if (listType !== "map") {
    if (keys?.length)
      errors.push(forbiddenField(`${field}.x-kubernetes-list-map-keys`, "must not be set if x-kubernetes-list-type is not map"));
    return errors;
  }
  if (!keys?.length)
    return [...errors, required(`${field}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map")];
  const items = isSchema(schema.items) ? schema.items : {};
  for (const [index, key] of keys.entries()) {
    if (items.properties?.[key] === undefined) {
      errors.push(invalidValue(`${field}.x-kubernetes-list-map-keys`, key, `entries must all be names of item properties`));
    } else if (!items.required?.includes(key) && items.properties[key]?.default === undefined) {
      const detail = `this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`;
      errors.push(required(`${field}.items.properties[${key}].default`, detail));
    }
    if (keys.indexOf(key) !== index)
      errors.push({
        type: "FieldValueDuplicate",
        field: `${field}.x-kubernetes-list-map-keys[${index}]`,
        message: `Duplicate value: "${key}"`,
      });
  }
  return errors;
}

function validateType(schema: JSONSchemaProps, level: "root" | "field" | "item", field: string): FieldError[] {
  const { type } = schema;
  const intOrString = schema["x-kubernetes-int-or-string"];
  const preserve = schema["x-kubernetes-preserve-unknown-fields"];
  if (intOrString) {
    return type === undefined ? [] : [forbiddenField(`${field}.type`, "must be empty if x-kubernetes-int-or-string is true")];
  }
  if (!type) {
    if (preserve && level !== "root") return [];
    const where = level === "root" ? "at the root" : level === "item" ? "for specified array items" : "for specified object fields";
    return [required(`${field}.type`, `must not be empty ${where}`)];
  }
  if (!TYPES.includes(type)) return [notSupported(`${field}.type`, type, TYPES)];
  if (level === "root" && type !== "object") return [invalidValue(`${field}.type`, type, "must be object at the root")];
  return [];
}

/** Schemas that give an object its structure. */
function validateStructural(
  schema: JSONSchemaProps,
  level: "root" | "field" | "item",
  field: string,
  walk: Walk,
  depth: number,
): FieldError[] {
  if (++walk.nodes > MAX_NODES) return [];
  if (depth > MAX_DEPTH) return [forbiddenField(field, `schemas may be nested at most ${MAX_DEPTH} levels deep`)];
  const errors = [...validateType(schema, level, field), ...validateAny(schema, field), ...validateLists(schema, field)];
  if (schema["x-kubernetes-embedded-resource"] && schema.type !== "object") {
    errors.push(invalidValue(`${field}.type`, schema.type ?? "", "must be object if x-kubernetes-embedded-resource is true"));
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    errors.push(...validateStructural(child, "field", `${field}.properties[${name}]`, walk, depth + 1));
  }
  if (isSchema(schema.additionalProperties)) {
    errors.push(...validateStructural(schema.additionalProperties, "field", `${field}.additionalProperties`, walk, depth + 1));
  }
  if (schema.type === "array" && schema.items === undefined) errors.push(required(`${field}.items`, "must be specified"));
  if (Array.isArray(schema.items)) errors.push(forbiddenField(`${field}.items`, "items must be a schema object and not an array"));
  else if (isSchema(schema.items)) errors.push(...validateStructural(schema.items, "item", `${field}.items`, walk, depth + 1));
  for (const list of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [index, child] of (schema[list] ?? []).entries()) {
      errors.push(...validateValueSchema(child, `${field}.${list}[${index}]`, walk, depth + 1));
    }
  }
  if (schema.not) errors.push(...validateValueSchema(schema.not, `${field}.not`, walk, depth + 1));
  for (const [index, rule] of (schema["x-kubernetes-validations"] ?? []).entries()) {
    const at = `${field}.x-kubernetes-validations[${index}]`;
    if (!rule.rule?.trim()) errors.push(required(`${at}.rule`, "rule is not specified"));
    if (rule.message?.includes("\n")) errors.push(invalidValue(`${at}.message`, rule.message, "message must not contain line breaks"));
  }
  return errors;
}

/** The metadata of custom resources is the API's own; a schema may only narrow names. */
function validateRootMetadata(schema: JSONSchemaProps, field: string): FieldError[] {
  const metadata = schema.properties?.metadata;
  if (metadata === undefined) return [];
  const errors: FieldError[] = [];
  if (metadata.type !== undefined && metadata.type !== "object") {
    errors.push(invalidValue(`${field}.properties[metadata].type`, metadata.type, "must be object"));
  }
  const others = Object.keys(metadata.properties ?? {}).filter((name) => name !== "name" && name !== "generateName");
  if (others.length > 0) {
    errors.push(
      forbiddenField(
        `${field}.properties[metadata]`,
        "must not specify anything other than name and generateName, but metadata is implicitly specified",
      ),
    );
  }
  return errors;
}

/** Everything that keeps a schema of a CustomResourceDefinition from being structural (KEP-1111), within named limits. */
export function validateStructuralSchema(schema: JSONSchemaProps, field: string): FieldError[] {
  const walk: Walk = { nodes: 0 };
  const errors = [...validateStructural(schema, "root", field, walk, 0), ...validateRootMetadata(schema, field)];
  return walk.nodes > MAX_NODES ? [...errors, tooMany(field, walk.nodes, MAX_NODES)] : errors;
}
