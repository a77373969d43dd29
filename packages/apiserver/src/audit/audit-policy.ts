import type { AuditRecord } from "./audit-event.ts";

/** Resources that nodes and controllers write all the time and that say nothing about who did what. */
const NOISE: ReadonlySet<string> = new Set(["events", "leases"]);

/** Paths that everyone reads all the time and that hold nothing of anybody. */
const OPEN_PATHS = /^\/(healthz|livez|readyz|version|metrics|openapi|api|apis)(\/|$)/;

/**
 * Whether a request is written down. As in the policies that upstream's clusters run with, everything is but: reading health,
 * discovery and schemas; events and leases; and what the parts of the cluster read and answer to each other while it succeeds.
 */
export function isAudited({ request, route, user, code }: AuditRecord): boolean {
  if (code === 401 || code === 403) return true;
  if (route === undefined) return true;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!route.isResourceRequest) return !(isRead && OPEN_PATHS.test(route.path));
  if (NOISE.has(route.resource)) return false;
  if (!isSystem(user?.name ?? "") || code >= 500) return true;
  // Statuses are reported by the thousand; what a node or a controller makes and removes is kept.
  return !isRead && route.subresource !== "status";
}

function isSystem(name: string): boolean {
  return (
    name.startsWith("skiff:") ||
    name.startsWith("system:node:") ||
    name.startsWith("system:kube-") ||
    name === "system:apiserver" ||
    name.startsWith("system:serviceaccount:kube-system:")
  );
}
