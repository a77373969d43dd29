import { RE2JS } from "re2js";
import { plainPath } from "./plain-path.ts";
import type { Certificate, Route, RoutingTable } from "./routing-table.ts";

/** A route that fits a request, and the path for its backend. */
export interface RouteMatch {
  readonly route: Route;
  /** With the query. */
  readonly target: string;
}

interface CompiledRoute {
  readonly route: Route;
  /** Absent for other kinds than `regex`. */
  readonly pattern?: RE2JS;
}

/** Looks requests up in a table. Made once for each table, so that no request compiles a pattern. */
export class RouteMatcher {
  readonly #exact = new Map<string, readonly CompiledRoute[]>();
  readonly #wildcards = new Map<string, readonly CompiledRoute[]>();
  readonly #certificates: ReadonlyMap<string, Certificate>;

  constructor(table: RoutingTable) {
    this.#certificates = table.certificates;
    for (const { host, routes } of table.hosts) {
      const compiled = routes.map((route): CompiledRoute =>
        // Users' patterns meet any client's paths, so the engine must be one that never takes exponential time.
        route.match === "regex" ? { route, pattern: RE2JS.compile(route.path, RE2JS.CASE_INSENSITIVE) } : { route },
      );
      if (host.startsWith("*.")) this.#wildcards.set(host.slice(2), compiled);
      else this.#exact.set(host, compiled);
    }
  }

  /** The route for a request to `host` (without a port, any case) and `url` (path and query); `undefined` when none fits. */
  match(host: string, url: string): RouteMatch | undefined {
    const queryAt = url.indexOf("?");
    const raw = queryAt < 0 ? url : url.slice(0, queryAt);
    const query = queryAt < 0 ? "" : url.slice(queryAt);
    const path = plainPath(raw);
    for (const compiled of this.#routesOf(host.toLowerCase())) {
      const rewritten = targetPath(compiled, path);
      if (rewritten === undefined) continue;
      // What no rule rewrites goes on as it came.
      const target = rewritten === path ? raw : rewritten;
      // A target may bring a query of its own.
      return { route: compiled.route, target: query === "" || !target.includes("?") ? target + query : `${target}&${query.slice(1)}` };
    }
    return undefined;
  }

  /** The certificate for a name that a client asks for. */
  certificate(name: string): Certificate | undefined {
    const host = name.toLowerCase();
    return this.#certificates.get(host) ?? this.#certificates.get(`*.${parentOf(host)}`);
  }

  #routesOf(host: string): readonly CompiledRoute[] {
    // A wildcard stands for exactly one label (API documentation of `IngressRule.host`).
    return this.#exact.get(host) ?? this.#wildcards.get(parentOf(host)) ?? this.#exact.get("") ?? [];
  }
}

function parentOf(host: string): string {
  const dot = host.indexOf(".");
  return dot < 1 ? "" : host.slice(dot + 1);
}

/** The path for the backend, or `undefined` when the route does not fit. */
function targetPath({ route, pattern }: CompiledRoute, path: string): string | undefined {
  const { match, rewrite } = route;
  if (pattern !== undefined) {
    const matcher = pattern.matcher(path);
    if (!matcher.lookingAt()) return undefined;
    if (rewrite === undefined) return path;
    const filled = rewrite.replace(/\$(\d)/g, (_all, digit: string) =>
      Number(digit) > matcher.groupCount() ? "" : (matcher.group(Number(digit)) ?? ""),
    );
    return filled.startsWith("/") ? filled : `/${filled}`;
  }
  const fits = match === "exact" ? path === route.path : hasPrefix(path, route.path);
  return fits ? (rewrite ?? path) : undefined;
}

/** Prefixes are compared element by element; a slash at the end of either does not matter. */
function hasPrefix(path: string, prefix: string): boolean {
  const bare = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return path === bare || path.startsWith(`${bare}/`);
}
