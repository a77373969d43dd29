import { createHash } from "node:crypto";
import { parseAccept } from "../render/accept.ts";
import type { Reply } from "../reply.ts";
import type { RequestContext } from "../request-context.ts";
import { groupDiscoveryList, type DiscoveryVersion } from "./aggregated-discovery.ts";
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from "./discovery.ts";
import { GenerationCache } from "./generation-cache.ts";
import type { PathHandler } from "./path-handler.ts";
import { servedGroups } from "./served-groups.ts";
import { requireRead, unknownPath } from "./read-only.ts";

interface TaggedText {
  readonly text: string;
  /** With its quotes. */
  readonly tag: string;
}

/** What `/api` and `/apis` and everything below them answers that is about no resource. */
export function createDiscoveryHandler(): PathHandler {
  const documents = new GenerationCache<TaggedText>();
  return (context) => {
    requireRead(context);
    const { resources } = context.core;
    const [root, group = "", version = ""] = context.route.segments;
    const depth = context.route.segments.length;
    if (root === "api") {
      if (depth === 1) return aggregated(context, "api", documents) ?? found(apiVersions(resources, context.request.headers["host"] ?? ""));
      if (depth === 2) return found(apiResourceList(resources, "", group));
    } else {
      if (depth === 1) return aggregated(context, "apis", documents) ?? found(apiGroupList(servedGroups(context.core)));
      if (depth === 2) return found(apiGroup(servedGroups(context.core), group));
      if (depth === 3) return found(apiResourceList(resources, group, version));
    }
    throw unknownPath();
  };
}

function found(value: Record<string, unknown> | undefined): Reply {
  if (value === undefined) throw unknownPath();
  return { type: "value", status: 200, value };
}

/** The aggregated document, when the client would rather have it than the plain one. */
function aggregated(context: RequestContext, root: "api" | "apis", documents: GenerationCache<TaggedText>): Reply | undefined {
  const version = wantedVersion(context.request.headers["accept"]);
  if (version === undefined) return undefined;
  const { core } = context;
  const generation = core.resources.generation + (core.aggregation?.apis.generation ?? 0);
  const { text, tag } = documents.get(generation, `${root} ${version}`, () => {
    const text = `${JSON.stringify(groupDiscoveryList(core, root, version))}\n`;
    return { text, tag: `"${createHash("sha512").update(text).digest("hex").toUpperCase()}"` };
  });
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  const headers = { etag: tag, vary: "Accept", "cache-control": "public" };
  const isKnown = context.request.headers["if-none-match"]?.split(",").some((each) => each.trim() === tag) ?? false;
  return isKnown
    ? { type: "text", status: 304, contentType, text: "", headers }
    : { type: "text", status: 200, contentType, text, headers };
}

function wantedVersion(accept: string | undefined): DiscoveryVersion | undefined {
  for (const { type, subtype, parameters } of parseAccept(accept)) {
    if (type !== "application" && type !== "*") continue;
    if (subtype !== "json" && subtype !== "*") continue;
    if (!parameters.has("as")) return undefined;
    const version = parameters.get("v");
    const isAggregated = parameters.get("g") === "apidiscovery.k8s.io" && parameters.get("as") === "APIGroupDiscoveryList";
    if (isAggregated && (version === "v2" || version === "v2beta1")) return version;
  }
  return undefined;
}
