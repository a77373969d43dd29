import type { JsonValue } from "../json-value.ts";

/** Limits on a document. */
export interface DecodeLimits {
  /** Levels of nested objects and lists. Default {@link MAX_DEPTH}. */
  readonly maxDepth?: number;
  /** Bytes of the document. Default {@link MAX_DOCUMENT_BYTES}. */
  readonly maxBytes?: number;
}

/** How deep a document may be nested by default: far deeper than any kind is, and shallow enough for every recursive walk. */
export const MAX_DEPTH = 500;

/** How large a document may be by default: upstream's limit of request bodies, 3 MiB. */
export const MAX_DOCUMENT_BYTES = 3 * 1024 * 1024;

/** A document that was read. */
export interface Decoded {
  readonly value: JsonValue;
  /** The paths of fields that stand twice (`spec.containers[0].name`), in the order of the document; the last one counts. */
  readonly duplicates: readonly string[];
  /** What is wrong with a YAML document in which keys stand twice, in upstream's words; its `duplicates` are empty. */
  readonly repeatedKeys?: string;
  /** JSON numbers with a fraction or an exponent by their paths, as written: an integer field refuses `3.0`. */
  readonly decimals: ReadonlyMap<string, string>;
}
