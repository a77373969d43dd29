/** The JSON types that a schema can name. */
export type SchemaType = "object" | "array" | "string" | "integer" | "number" | "boolean";

/** How a list merges in server-side apply: as one value, as a set of scalars, or as a map by {@link Schema.listMapKeys}. */
export type ListType = "atomic" | "set" | "map";

/** How an object merges in server-side apply: field by field, or as one value. */
export type MapType = "granular" | "atomic";

/** A directive of a strategic merge patch on a field. */
export type PatchStrategy = "merge" | "replace" | "retainKeys";

/**
 * The schema of a value: the part of OpenAPI that Kubernetes uses, in a compact form. Immutable once it is in a registry.
 *
 * A schema without `type`, `ref` and `intOrString` accepts any JSON value. An object without `properties`,
 * `additionalProperties` and `preserveUnknownFields` has no fields.
 */
export interface Schema {
  readonly type?: SchemaType;
  /** `int32`, `int64`, `double`, `byte`, `date-time`, `micro-time`, `int-or-string`, `quantity`, … */
  readonly format?: string;
  /** The name of another definition in the registry; keywords beside it (`listType`, `mapType`, …) win over the definition's. */
  readonly ref?: string;
  /** Only in schemas that came at run time; built-in text is in {@link loadDescriptions}. */
  readonly description?: string;
  /** The schema of a kind that a CustomResourceDefinition defines. */
  readonly custom?: true;
  /** The definition whose texts hold for this one as well, where it has none of its own. */
  readonly describedBy?: string;
  /** By name on the wire, in the order of the API's own documents. */
  readonly properties?: ReadonlyMap<string, Schema>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  /** The schema of the values of a map; together with `properties` only in custom resources. */
  readonly additionalProperties?: Schema;
  /** A number or text (`x-kubernetes-int-or-string`). */
  readonly intOrString?: boolean;
  /** Unknown fields are kept instead of pruned (`x-kubernetes-preserve-unknown-fields`). */
  readonly preserveUnknownFields?: boolean;
  /** The value is a whole object with `apiVersion`, `kind` and `metadata` (`x-kubernetes-embedded-resource`). */
  readonly embeddedResource?: boolean;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  /** Default: atomic. */
  readonly listType?: ListType;
  /** With `listType: map`: the fields that together name an item. */
  readonly listMapKeys?: readonly string[];
  /** Default: granular. */
  readonly mapType?: MapType;
  readonly patchStrategy?: readonly PatchStrategy[];
  /** The field by which a strategic merge patch finds the item of a list. */
  readonly patchMergeKey?: string;
  /** `x-kubernetes-unions`, as documents carry it. */
  readonly unions?: readonly unknown[];
  /** The kinds that the definition is the schema of. */
  readonly groupVersionKinds?: readonly GroupVersionKind[];
  /** Every other keyword of a custom resource's schema (`pattern`, `minimum`, `oneOf`, …), verbatim. */
  readonly keywords?: Readonly<Record<string, unknown>>;
}

/** A kind with its group and version. */
export interface GroupVersionKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Accepts any JSON value. */
export const ANY_SCHEMA: Schema = Object.freeze({});
