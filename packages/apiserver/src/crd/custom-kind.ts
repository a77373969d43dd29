import {
  ageColumn,
  ageSince,
  isJsonObject,
  schemaFromOpenApi,
  type Column,
  type CustomResourceColumnDefinition,
  type CustomResourceDefinition,
  type CustomResourceDefinitionVersion,
  type JsonValue,
  type KindDefinition,
  type KindVersion,
  type KubeObject,
  type Schema,
  writeJson,
} from "@skiff/api";
import { compileJsonPath } from "./json-path.ts";
import { applySchemaDefaults } from "./schema-defaults.ts";
import { validateRules } from "./schema-rules.ts";
import { validateBySchema } from "./schema-validation.ts";

/** A custom kind in the shape of the built-in ones. */
export interface CustomKind {
  /** The stored version. */
  readonly kind: KindDefinition;
  /** All versions, the stored one first: each with the schema, subresources, columns and selectable fields of its own. */
  readonly versions: readonly { readonly kind: KindDefinition; readonly deprecation: string | undefined }[];
  /** To be put into the schema registry before the kind is served, by name. */
  readonly schemas: ReadonlyMap<string, Schema>;
  /** The versions that clients may use; the stored one need not be among them. */
  readonly servedVersions: ReadonlySet<string>;
}

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** Derives a kind from its definition, which must be valid. */
export function customKind(definition: CustomResourceDefinition): CustomKind {
  const { versions } = definition.spec;
  const stored = versions.find((version) => version.storage) ?? versions[0];
  if (stored === undefined) throw new Error("a definition without versions was stored");
  const schemas = new Map(versions.map((version) => [schemaName(definition, version.name), versionSchema(definition, version)]));
  const ordered = [stored, ...versions.filter((version) => version !== stored)];
  const kinds = ordered.map((version) => ({
    kind: versionKind(definition, version, schemas),
    deprecation: deprecationOf(definition, version),
  }));
  const servedVersions = new Set(versions.filter((version) => version.served).map((version) => version.name));
  const [{ kind }] = kinds as [(typeof kinds)[number]];
  return { kind, versions: kinds, schemas, servedVersions };
}

function versionKind(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  schemas: ReadonlyMap<string, Schema>,
): KindDefinition {
  const { group, names, scope, conversion, versions } = definition.spec;
  const schema = schemaName(definition, version.name);
  const checked = withoutMetadata(schemas.get(schema) ?? {});
  const { scale, status } = version.subresources ?? {};
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    namespaced: scope === "Namespaced",
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    schema,
    statusSubresource: status !== undefined,
    generation: true,
    allowUnconditionalUpdate: false,
    strategicMergePatch: false,
    columns: columnsOf(version.additionalPrinterColumns),
    fieldSelectors: selectableFields(version),
    // Only what differs in its name can be shown to admission webhooks in a version that is not the request's.
    ...(conversion?.strategy === "Webhook"
      ? {}
      : { otherVersions: versions.filter((each) => each !== version).map((each) => otherVersion(definition, each)) }),
    ...(scale === undefined
      ? {}
      : {
          scale: {
            specReplicas: scale.specReplicasPath.replace(/^\./, ""),
            statusReplicas: scale.statusReplicasPath.replace(/^\./, ""),
            ...(scale.labelSelectorPath ? { selector: scale.labelSelectorPath.replace(/^\./, "") } : {}),
          },
        }),
    applyDefaults: (object) => applySchemaDefaults(object as unknown as JsonValue, checked),
    validate: (object, old) => validateCustomResource(object, old, checked),
  };
}

/** The schema without metadata, which is checked as for all kinds. */
function withoutMetadata(schema: Schema): Schema {
  return { ...schema, properties: new Map([...(schema.properties ?? [])].filter(([name]) => name !== "metadata")) };
}

function validateCustomResource(object: KubeObject, old: KubeObject | undefined, schema: Schema): ReturnType<typeof validateBySchema> {
  const value = object as unknown as JsonValue;
  const errors = validateBySchema(value, schema);
  // Rules may rely on the types that the schema promises.
  return errors.length > 0 ? errors : validateRules(value, old as unknown as JsonValue | undefined, schema);
}

/** As upstream names it in OpenAPI: the group's parts backwards, `com.example.stable.v1.CronTab`. */
function schemaName(definition: CustomResourceDefinition, version: string): string {
  return [...definition.spec.group.split(".").reverse(), version, definition.spec.names.kind].join(".");
}

function versionSchema(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): Schema {
  const props = version.schema?.openAPIV3Schema;
  const schema = schemaFromOpenApi((props ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true }) as unknown as JsonValue);
  const properties = new Map<string, Schema>([
    ["apiVersion", { type: "string" }],
    ["kind", { type: "string" }],
    ["metadata", { ref: OBJECT_META }],
  ]);
  for (const [name, property] of schema.properties ?? []) if (!properties.has(name)) properties.set(name, property);
  const { group, names } = definition.spec;
  return { ...schema, custom: true, type: "object", properties, groupVersionKinds: [{ group, version: version.name, kind: names.kind }] };
}

function otherVersion(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): KindVersion {
  const { group } = definition.spec;
  const same = (object: KubeObject): KubeObject => ({ ...object, apiVersion: `${group}/${version.name}` });
  return { version: version.name, schema: schemaName(definition, version.name), toStored: (object) => object, fromStored: same };
}

function deprecationOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string | undefined {
  if (!version.deprecated) return undefined;
  return version.deprecationWarning ?? `${spec.group}/${version.name} ${spec.names.kind} is deprecated`;
}

function columnsOf(columns: readonly CustomResourceColumnDefinition[] | undefined): Column[] {
  if (columns === undefined || columns.length === 0) return [ageColumn];
  return columns.map(({ name, type, format, description = "", priority = 0, jsonPath }) => {
    const find = compileJsonPath(jsonPath);
    return {
      name,
      type: type as Column["type"],
      ...(format ? { format } : {}),
      description,
      priority,
      value: (object, nowMs) => cell(find(object), type, nowMs),
    };
  });
}

function cell(found: readonly unknown[], type: string, nowMs: number): string | number | bigint | boolean | null {
  const [value] = found;
  if (value === undefined || value === null) return type === "string" || type === "date" ? (type === "date" ? null : "") : null;
  if (type === "date") return typeof value === "string" ? ageSince(value, nowMs) : null;
  if (type === "integer" || type === "number") return typeof value === "number" || typeof value === "bigint" ? value : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  if (found.length > 1) return found.map(shown).join(",");
  return shown(value);
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : writeJson(value);
}

function selectableFields(version: CustomResourceDefinitionVersion): NonNullable<KindDefinition["fieldSelectors"]> {
  return Object.fromEntries(
    (version.selectableFields ?? []).map(({ jsonPath }) => {
      const find = compileJsonPath(jsonPath);
      return [
        jsonPath.replace(/^\./, ""),
        (object: KubeObject) =>
          find(object)
            .filter((value) => !isJsonObject(value))
            .map(String)[0] ?? "",
      ];
    }),
  );
}
