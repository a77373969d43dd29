import type { Status } from "@skiff/api";
import type { WatchedChange } from "../registry/cache-event.ts";
import type { ServedResource } from "../served-resources.ts";
import { partialObjectJson } from "./partial-object.ts";
import type { Representation } from "./representation.ts";
import { objectParts, servedObject } from "./stored-bytes.ts";
import { tableJson, type IncludeObject } from "./table.ts";

/** What a watch is encoded for. */
interface WatchEncoding {
  readonly resource: ServedResource;
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
  /** Wall time, for the ages in tables. */
  readonly now: () => number;
}

const EVENT_END = Buffer.from("}\n");

/**
 * Writes the events of one watch as lines of JSON. The bytes of the objects are those that all watchers share: for plain
 * JSON nothing is encoded here, only put together.
 */
export class WatchEncoder {
  readonly #encoding: WatchEncoding;
  #sentHeader = false;

  constructor(encoding: WatchEncoding) {
    this.#encoding = encoding;
  }

  /** The lines of several changes, in one piece. */
  changes(changes: readonly WatchedChange[]): Buffer {
    const parts: Uint8Array[] = [];
    for (const change of changes) parts.push(START[change.type], ...this.#object(change), EVENT_END);
    return Buffer.concat(parts);
  }

  /** A bookmark: an object of the kind with nothing but a revision. `initialEventsEnd` marks the one behind the initial state (KEP-3157). */
  bookmark(revision: number, initialEventsEnd: boolean): Buffer {
    const { resource, representation } = this.#encoding;
    const { shape } = representation;
    const annotations = initialEventsEnd ? { "k8s.io/initial-events-end": "true" } : undefined;
    const metadata = JSON.stringify({ resourceVersion: String(revision), annotations });
    if (shape === undefined) return bookmarkLine(resource.kind.kind, resource.apiVersion, `"metadata":${metadata}`);
    const apiVersion = `meta.k8s.io/${shape.version}`;
    if (shape.kind !== "Table") return bookmarkLine("PartialObjectMetadata", apiVersion, `"metadata":${metadata}`);
    // A table carries the revision, and in its only row the object whose annotation a client may look for.
    const object = `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":${metadata}}`;
    return bookmarkLine(
      "Table",
      apiVersion,
      `"metadata":{"resourceVersion":"${revision}"},"columnDefinitions":null,"rows":[{"cells":[],"object":${object}}]`,
    );
  }

  /** The event that says why a watch broke. */
  error(status: Status): Buffer {
    return Buffer.from(`{"type":"ERROR","object":${JSON.stringify(status)}}\n`);
  }

  #object({ stored }: WatchedChange): Uint8Array[] {
    const { resource, representation, includeObject, now } = this.#encoding;
    const { shape } = representation;
    if (shape === undefined) return objectParts(resource, stored);
    const { version } = shape;
    if (shape.kind !== "Table") return [Buffer.from(partialObjectJson(servedObject(resource, stored), version))];
    const withHeader = !this.#sentHeader;
    this.#sentHeader = true;
    const { resourceVersion } = stored.metadata;
    return [Buffer.from(tableJson({ resource, version, includeObject, nowMs: now() }, [stored], { resourceVersion }, withHeader))];
  }
}

const START = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const;

function bookmarkLine(kind: string, apiVersion: string, fields: string): Buffer {
  return Buffer.from(
    `{"type":"BOOKMARK","object":{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},${fields}}}\n`,
  );
}
