import type { KindDefinition } from "../kind.ts";
import type { Descriptions } from "../schema/descriptions.ts";
import type { SchemaRegistry } from "../schema/schema-registry.ts";

/** What documents are made of. */
export interface OpenApiInput {
  /** Every kind that is served, those of CustomResourceDefinitions included. */
  readonly kinds: readonly KindDefinition[];
  /** Whether the versions that upstream has removed are served as well. Default false. */
  readonly removedVersions?: boolean;
  readonly registry: SchemaRegistry;
  /** See `loadDescriptions`; documents without it have no text. */
  readonly descriptions?: Descriptions;
  /** `info.version` of the documents, such as `v1.36.0`. */
  readonly version: string;
}

/** A JSON document. */
export type OpenApiDocument = Record<string, unknown>;
