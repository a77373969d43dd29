import type { BackendProtocol } from "./ingress-settings.ts";

/** A place that requests can be sent to. */
export interface Endpoint {
  /** An address, or the name that an ExternalName Service stands for. */
  readonly host: string;
  readonly port: number;
}

/** One port of one Service, as a route's destination. */
export interface Backend {
  /** `namespace/service:port`: unique, and kept through changes of the endpoints. */
  readonly key: string;
  /** In a stable order. Empty: requests are answered with 503. */
  readonly endpoints: readonly Endpoint[];
}

/** How a route's path is compared. */
type PathMatch = "exact" | "prefix" | "regex";

/** What happens to requests for one path of one host. */
export interface Route {
  readonly match: PathMatch;
  /** For `regex` a pattern that is compared, without regard to case, from the path's first character on. */
  readonly path: string;
  /** `namespace/name` of the Ingress, for the log. */
  readonly ingress: string;
  readonly backend: Backend;
  readonly protocol: BackendProtocol;
  readonly rewrite: string | undefined;
  /** Plain HTTP is redirected to HTTPS. */
  readonly redirectToTls: boolean;
  /** Bytes; 0: none. */
  readonly bodyLimit: number;
  readonly readTimeoutMs: number;
  readonly affinityCookie: string | undefined;
}

/** The routes of one host, in the order in which they are tried. */
export interface VirtualHost {
  /** A name, `*.` and a name, or empty for requests to hosts without one of their own. */
  readonly host: string;
  readonly routes: readonly Route[];
}

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Everything that requests are served by, as plain data: equal states give equal tables. */
export interface RoutingTable {
  readonly hosts: readonly VirtualHost[];
  /** By the host names, wildcards included, that they are for. */
  readonly certificates: ReadonlyMap<string, Certificate>;
  /** What an administrator should know: Secrets that are missing, patterns that cannot be used. */
  readonly problems: readonly string[];
}
