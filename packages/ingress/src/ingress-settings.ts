import type { Ingress } from "@skiff/api";

const PREFIX = "nginx.ingress.kubernetes.io/";
/** Bodies are passed on while they come, so the limit guards the backends, not our memory. */
const DEFAULT_BODY_LIMIT = 64 * 1024 ** 2;
const DEFAULT_READ_SECONDS = 60;
const LONGEST_READ_SECONDS = 24 * 3600;
const DEFAULT_COOKIE = "INGRESSCOOKIE";

/** How a backend is spoken to. */
export type BackendProtocol = "http" | "https" | "grpc" | "grpcs";

/**
 * What an Ingress says beside its rules: annotations of the ingress-nginx controller, because manifests carry them. Those that
 * are not here have no effect; values that cannot be read count as absent.
 */
export interface IngressSettings {
  /** `rewrite-target`: the path that the backend sees; `$1` and so on stand for groups of the rule's path. */
  readonly rewriteTarget: string | undefined;
  /** `use-regex`: paths of type ImplementationSpecific are regular expressions. Implied by `rewriteTarget`. */
  readonly useRegex: boolean;
  /** `ssl-redirect` (default: yes, where TLS is configured) and `force-ssl-redirect` (everywhere). */
  readonly sslRedirect: "never" | "with-tls" | "always";
  readonly protocol: BackendProtocol;
  /** `proxy-body-size` in bytes; 0: no limit. */
  readonly bodyLimit: number;
  /** `proxy-read-timeout`: how long the backend may be silent, in milliseconds. */
  readonly readTimeoutMs: number;
  /** `affinity: cookie`: the name of the cookie that keeps a client with its endpoint. */
  readonly affinityCookie: string | undefined;
}

/** The settings of an Ingress. */
export function settingsOf(ingress: Ingress): IngressSettings {
  const get = (name: string): string | undefined => ingress.metadata?.annotations?.[PREFIX + name];
  const rewriteTarget = get("rewrite-target");
  return {
    rewriteTarget: rewriteTarget?.startsWith("/") === true || rewriteTarget?.startsWith("$") === true ? rewriteTarget : undefined,
    useRegex: get("use-regex") === "true",
    sslRedirect: get("force-ssl-redirect") === "true" ? "always" : get("ssl-redirect") === "false" ? "never" : "with-tls",
    protocol: protocolOf(get("backend-protocol")),
    bodyLimit: sizeOf(get("proxy-body-size")) ?? DEFAULT_BODY_LIMIT,
    readTimeoutMs: 1000 * (secondsOf(get("proxy-read-timeout")) ?? DEFAULT_READ_SECONDS),
    affinityCookie: get("affinity") === "cookie" ? cookieName(get("session-cookie-name")) : undefined,
  };
}

function protocolOf(text: string | undefined): BackendProtocol {
  const protocol = text?.toLowerCase();
  return protocol === "https" || protocol === "grpc" || protocol === "grpcs" ? protocol : "http";
}

/** Bytes of `8m`, `512k`, `1g` or a plain number, as nginx writes sizes. */
function sizeOf(text: string | undefined): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,9})([kmg]?)$/i.exec(text?.trim() ?? "") ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase());
}

function secondsOf(text: string | undefined): number | undefined {
  const [digits] = /^\d{1,6}$/.exec(text?.trim() ?? "") ?? [];
  const seconds = Number(digits);
  return seconds > 0 ? Math.min(seconds, LONGEST_READ_SECONDS) : undefined;
}

function cookieName(text: string | undefined): string {
  return text !== undefined && /^[\w.-]{1,128}$/.test(text) ? text : DEFAULT_COOKIE;
}
