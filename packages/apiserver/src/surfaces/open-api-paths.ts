import type { Clock } from "@skiff/base";
import {
  loadDescriptions,
  openApiV2,
  openApiV3,
  openApiV3Index,
  servedKinds,
  statusError,
  type KindDefinition,
  type OpenApiInput,
  writeJson,
} from "@skiff/api";
import { encodeOpenApiV2, OPEN_API_V2_PROTOBUF_TYPES } from "../protobuf/encode-open-api.ts";
import { includes, parseAccept } from "../render/accept.ts";
import type { Reply } from "../reply.ts";
import type { RequestContext } from "../request-context.ts";
import type { ServerCore } from "../server-core.ts";
import { GenerationCache } from "./generation-cache.ts";
import type { PathHandler } from "./path-handler.ts";
import { requireRead, unknownPath } from "./read-only.ts";

const JSON_TYPE = "application/json";
const ONE_YEAR_SECONDS = 365 * 24 * 3600;

interface Index {
  readonly text: string;
  /** By path: `apis/apps/v1`. */
  readonly urls: ReadonlyMap<string, string>;
}

/**
 * `/openapi/v2` and `/openapi/v3`. Documents are made when they are first asked for and kept as text until the served
 * resources change; `version` goes into them.
 */
export function createOpenApiHandler(version: string): PathHandler {
  const texts = new GenerationCache<string>();
  const encoded = new GenerationCache<Buffer>();
  const indexes = new GenerationCache<Promise<Index>>();
  return async (context) => {
    requireRead(context);
    const [, major, ...rest] = context.route.segments;
    const { resources } = context.core;
    if (major !== "v2" && major !== "v3") throw unknownPath();
    const type = wantedType(context, major === "v2" ? [JSON_TYPE, ...OPEN_API_V2_PROTOBUF_TYPES] : [JSON_TYPE]);
    const input = await inputOf(context.core, version);
    if (major === "v2") {
      if (rest.length > 0) throw unknownPath();
      if (type === JSON_TYPE) return json(texts.get(resources.generation, "v2", () => writeJson(openApiV2(input))));
      const text = encoded.get(resources.generation, "v2", () => encodeOpenApiV2(openApiV2(input)));
      // The spelling with "@" is no media type that a client could read again.
      return { type: "text", status: 200, contentType: OPEN_API_V2_PROTOBUF_TYPES[1], text, headers: { vary: "Accept" } };
    }
    const index = await indexes.get(resources.generation, "v3", () => indexOf(input, context.core.host.clock));
    if (rest.length === 0) return json(index.text);
    const path = rest.join("/");
    const url = index.urls.get(path);
    const [root, group = "", groupVersion = ""] = rest;
    if (url === undefined) throw unknownPath();
    const hash = url.slice(url.indexOf("=") + 1);
    const wanted = context.request.query.get("hash");
    // The client knows another generation: it is sent to the present one, and keeps that under its own hash.
    if (wanted !== undefined && wanted !== hash)
      return { type: "text", status: 301, contentType: "text/plain", text: "", headers: { location: url } };
    const text = texts.get(resources.generation, path, () =>
      writeJson(root === "api" ? openApiV3(input, "", group) : openApiV3(input, group, groupVersion)),
    );
    const etag = `"${hash}"`;
    if (context.request.headers["if-none-match"] === etag)
      return { type: "text", status: 304, contentType: "application/json", text: "", headers: { etag } };
    return json(text, wanted === undefined ? { etag } : { etag, "cache-control": `public, max-age=${ONE_YEAR_SECONDS}, immutable` });
  };
}

async function inputOf({ resources, schemas }: ServerCore, version: string): Promise<OpenApiInput> {
  const descriptions = await loadDescriptions();
  // The versions of a custom kind are kinds of their own, and those that are not served are none.
  const alone = ({ otherVersions: _served, ...kind }: KindDefinition): KindDefinition => kind;
  const kinds = new Map([...resources.all()].map(({ kind, structural }) => [kind, structural ? alone(kind) : kind]));
  return { kinds: [...kinds.values()], removedVersions: resources.servesRemoved, registry: schemas, descriptions, version };
}

/** All documents are made for their hashes; between groups others get their turn. */
async function indexOf(input: OpenApiInput, clock: Clock): Promise<Index> {
  const urls = new Map<string, string>();
  for (const group of new Set(servedKinds(input).map((served) => served.group))) {
    const { paths } = openApiV3Index(input, group);
    for (const [path, { serverRelativeURL }] of Object.entries(paths)) urls.set(path, serverRelativeURL);
    await clock.yield();
  }
  const sorted = [...urls].sort(([a], [b]) => (a < b ? -1 : 1));
  return { text: JSON.stringify({ paths: Object.fromEntries(sorted.map(([path, url]) => [path, { serverRelativeURL: url }])) }), urls };
}

/** The first of `offered` that the client takes. Errors: `NotAcceptable`. */
function wantedType({ request }: RequestContext, offered: readonly string[]): string {
  for (const range of parseAccept(request.headers["accept"])) {
    const type = offered.find((each) => includes(range, each));
    if (type !== undefined) return type;
  }
  throw statusError("NotAcceptable", `only the following media types are accepted: ${offered.join(", ")}`);
}

function json(text: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { type: "text", status: 200, contentType: "application/json", text, headers: { vary: "Accept", ...headers } };
}
