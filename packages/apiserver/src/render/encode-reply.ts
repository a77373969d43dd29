import type { KindDefinition } from "@skiff/api";
import type { ListReply, ObjectReply } from "../reply.ts";
import { encodeParts, type Encoded } from "./encoded.ts";
import { partialListJson, partialObjectJson } from "./partial-object.ts";
import type { Representation } from "./representation.ts";
import { itemParts, objectParts, servedObject } from "./stored-bytes.ts";
import { tableJson, type IncludeObject } from "./table.ts";

/** What rendering needs beside the reply. */
export interface RenderOptions {
  readonly representation: Representation;
  /** For tables. */
  readonly includeObject: IncludeObject;
  /** Wall time, for the ages in tables. */
  readonly nowMs: number;
}

/** One object in the form that its client wants. */
export function encodeObject({ resource, stored }: ObjectReply, options: RenderOptions): Encoded {
  const { representation, includeObject, nowMs } = options;
  const { shape } = representation;
  if (shape === undefined) return encodeParts(objectParts(resource, stored), representation);
  const { version } = shape;
  if (shape.kind !== "Table") return textual(partialObjectJson(servedObject(resource, stored), version), representation);
  const { resourceVersion } = stored.metadata;
  return textual(tableJson({ resource, version, includeObject, nowMs }, [stored], { resourceVersion }), representation);
}

/** A list in the form that its client wants. Plain JSON is put together from the bytes of the objects. */
export function encodeList({ resource, items, metadata }: ListReply, options: RenderOptions): Encoded {
  const { representation, includeObject, nowMs } = options;
  const { shape } = representation;
  if (shape?.kind === "Table")
    return textual(tableJson({ resource, version: shape.version, includeObject, nowMs }, items, metadata), representation);
  if (shape !== undefined) {
    const objects = items.map((stored) => servedObject(resource, stored));
    return textual(partialListJson(objects, metadata, shape.version), representation);
  }
  const head = `{"kind":${JSON.stringify(listKindOf(resource.kind))},"apiVersion":${JSON.stringify(resource.apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
  const parts: Uint8Array[] = [Buffer.from(head)];
  for (const [index, stored] of items.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(...itemParts(resource, stored));
  }
  parts.push(LIST_END);
  return encodeParts(parts, representation);
}

const COMMA = Buffer.from(",");
const LIST_END = Buffer.from("]}");

/** The kind of a list of objects of `kind`. */
function listKindOf(kind: KindDefinition): string {
  return kind.listKind ?? `${kind.kind}List`;
}

function textual(json: string, representation: Representation): Encoded {
  return encodeParts([Buffer.from(json)], representation);
}
