import { badRequest, type Method } from "@skiff/api";
import type { RequestAttributes } from "../attributes.ts";
import type { RequestQuery } from "../request-query.ts";

/** Where a request goes, derived from method, path and query only. */
export interface Route extends Omit<RequestAttributes, "user"> {
  /** What follows a `proxy` subresource, still percent-encoded: it is passed on as it is. */
  readonly rawTail: string;
  /** The decoded segments, for paths that are about no resource. */
  readonly segments: readonly string[];
}

/** Longer paths are refused by the front already; this bounds the work on in-process ones. */
const MAX_SEGMENTS = 128;

/**
 * Takes the path apart. Each segment is decoded exactly once, and authorisation and storage both use the result.
 *
 * Errors: `BadRequest` for broken percent-encoding and for segments that could be mistaken for others.
 */
export function resolveRoute(method: Method, path: string, query: RequestQuery): Route {
  const raw = path.split("/");
  if (raw[0] !== "" || raw.length > MAX_SEGMENTS) throw badRequest("the path must be absolute and have at most 128 segments");
  const parts = raw.slice(1);
  if (parts.at(-1) === "") parts.pop();
  const apiParts = apiRoot(parts);
  if (apiParts === undefined || apiParts.rest.length === 0) return nonResourceRoute(method, path, parts);
  return resourceRoute(method, path, query, apiParts);
}

interface ApiParts {
  readonly group: string;
  readonly version: string;
  readonly rest: readonly string[];
}

function apiRoot(parts: readonly string[]): ApiParts | undefined {
  if (parts[0] === "api" && parts[1] !== undefined) return { group: "", version: decodeSegment(parts[1]), rest: parts.slice(2) };
  if (parts[0] === "apis" && parts[1] !== undefined && parts[2] !== undefined) {
    return { group: decodeSegment(parts[1]), version: decodeSegment(parts[2]), rest: parts.slice(3) };
  }
  return undefined;
}

function nonResourceRoute(method: Method, path: string, parts: readonly string[]): Route {
  const segments = parts.map((part) => decodeSegment(part, true));
  return {
    verb: method.toLowerCase(),
    group: "",
    version: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
    path: segments.length === 0 ? "/" : `/${segments.join("/")}${path.endsWith("/") ? "/" : ""}`,
    isResourceRequest: false,
    rawTail: "",
    segments,
  };
}

/** Subresources of a namespace itself; any other segment behind its name is a resource inside it. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

function resourceRoute(method: Method, path: string, query: RequestQuery, { group, version, rest }: ApiParts): Route {
  // The old form of watches, `/api/v1/watch/pods`; clients have used `?watch=true` for years.
  const isOldWatch = rest[0] === "watch" && rest.length > 1;
  const parts = isOldWatch ? rest.slice(1) : rest;
  let at = 0;
  let namespace = "";
  const inNamespace = parts[0] === "namespaces" && parts[1] !== undefined;
  if (inNamespace && parts[2] !== undefined && !(group === "" && NAMESPACE_SUBRESOURCES.has(parts[2]))) {
    namespace = decodeSegment(parts[1] ?? "");
    at = 2;
  }
  const resource = decodeSegment(parts[at] ?? "");
  const pathName = parts[at + 1] === undefined ? "" : decodeSegment(parts[at + 1] ?? "");
  const subresource = parts[at + 2] === undefined ? "" : decodeSegment(parts[at + 2] ?? "");
  const tail = parts.slice(at + 3);
  if (tail.length > 0 && subresource !== "proxy") for (const segment of tail) decodeSegment(segment);
  const verb = verbOf(method, pathName !== "", isOldWatch || (pathName === "" && query.flag("watch")));
  const isMany = verb === "list" || verb === "watch" || verb === "deletecollection";
  return {
    verb,
    group,
    version,
    resource,
    subresource: tail.length > 0 && subresource !== "proxy" ? [subresource, ...tail].join("/") : subresource,
    namespace: group === "" && resource === "namespaces" && pathName !== "" ? pathName : namespace,
    name: pathName === "" && isMany ? selectedName(query) : pathName,
    path,
    ...(isMany ? { labelSelector: query.get("labelSelector") ?? "", fieldSelector: query.get("fieldSelector") ?? "" } : {}),
    isResourceRequest: true,
    rawTail: tail.length === 0 ? "" : `/${tail.join("/")}${path.endsWith("/") ? "/" : ""}`,
    segments: [],
  };
}

function verbOf(method: Method, hasName: boolean, isWatch: boolean): string {
  switch (method) {
    case "GET":
    case "HEAD":
      if (isWatch) return "watch";
      return hasName ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return hasName ? "delete" : "deletecollection";
    default:
      return method.toLowerCase();
  }
}

/** A list or watch of exactly one name counts as about that name: this is how nodes may read single Secrets. */
function selectedName(query: RequestQuery): string {
  const [, name = ""] = /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(query.get("fieldSelector") ?? "") ?? [];
  return name;
}

function decodeSegment(segment: string, mayBeEmpty = false): string {
  let decoded = segment;
  if (segment.includes("%")) {
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw badRequest(`invalid URL escape in the path segment "${segment}"`);
    }
  }
  // A slash, a dot segment or NUL inside a name could turn one object's key into another's.
  const isEmpty = decoded === "" && !mayBeEmpty;
  if (isEmpty || decoded === "." || decoded === ".." || decoded.includes("/") || decoded.includes("\\") || decoded.includes("\0")) {
    throw badRequest(`invalid path segment "${segment}"`);
  }
  return decoded;
}
