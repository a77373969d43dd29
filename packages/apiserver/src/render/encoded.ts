import { readJson, writeJson } from "@skiff/api";
import { stringify } from "yaml";
import type { Representation } from "./representation.ts";

/** An answer as bytes, in pieces that are sent one behind the other. */
export interface Encoded {
  readonly contentType: string;
  readonly parts: readonly Uint8Array[];
}

/** A value in a format; objects that are stored as JSON already take the shorter way through {@link encodeParts}. */
export function encodeValue(value: unknown, { format, pretty }: Representation): Encoded {
  if (format === "yaml") return { contentType: "application/yaml", parts: [Buffer.from(yamlOf(value))] };
  return { contentType: "application/json", parts: [Buffer.from(`${writeJson(value, pretty ? 2 : 0)}\n`)] };
}

/** JSON in pieces in a format. Only YAML and indentation need to parse it. */
export function encodeParts(parts: Uint8Array[], representation: Representation): Encoded {
  if (representation.format === "json" && !representation.pretty) {
    parts.push(NEWLINE);
    return { contentType: "application/json", parts };
  }
  return encodeValue(readJson(Buffer.concat(parts).toString()), representation);
}

const NEWLINE = Buffer.from("\n");

/** YAML 1.1, which is what most clients read: words such as `yes` and `0777` stay text. */
function yamlOf(value: unknown): string {
  return stringify(value, { version: "1.1", sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}
