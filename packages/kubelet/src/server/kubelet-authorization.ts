/** What a request to the kubelet wants, for authorisation: always something about the node. */
export interface NodeAccess {
  readonly verb: "get" | "create" | "update" | "patch" | "delete";
  /** The subresources that allow it, the most specific first: one of them must be granted (KEP-2862). */
  readonly subresources: readonly string[];
}

const VERBS: Readonly<Record<string, NodeAccess["verb"]>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** The access that a request needs. */
export function nodeAccess(method: string, path: string): NodeAccess {
  return { verb: VERBS[method] ?? "get", subresources: subresourcesOf(path) };
}

function subresourcesOf(path: string): readonly string[] {
  const below = (root: string): boolean => path === root || path.startsWith(`${root}/`);
  if (below("/stats")) return ["stats"];
  if (below("/metrics")) return ["metrics"];
  if (below("/logs")) return ["log"];
  if (below("/configz")) return ["configz", "proxy"];
  if (below("/healthz")) return ["healthz", "proxy"];
  if (below("/pods") || below("/runningpods")) return ["pods", "proxy"];
  return ["proxy"];
}
