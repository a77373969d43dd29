import { RE2JS } from "re2js";
import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass, Secret } from "@skiff/api";
import { backendOf, type ServiceEndpoints } from "./backends.ts";
import { isServed } from "./ingress-class.ts";
import { settingsOf, type IngressSettings } from "./ingress-settings.ts";
import type { Certificate, Route, RoutingTable, VirtualHost } from "./routing-table.ts";

/** What the table is made from. */
export interface IngressState extends ServiceEndpoints {
  readonly ingresses: readonly Ingress[];
  /** By name. */
  readonly classes: ReadonlyMap<string, IngressClass>;
  /** By `namespace/name`. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** Matches what is longer than this or has such parts only as text: a path without them is a plain prefix. */
const REGEX_CHARACTERS = /[\\^$*+?()[\]{}|]/;

interface Draft {
  readonly hosts: Map<string, Route[]>;
  readonly certificates: Map<string, Certificate>;
  readonly problems: string[];
}

/**
 * The whole routing table, purely from the state.
 *
 * Rules: hosts are compared before paths; exact paths before prefixes, long ones before short ones, default backends last
 * (API documentation of Ingress); where two Ingresses claim the same, the older one has it.
 *
 * Guarantees: the same state gives the same table, whatever the order of the input.
 */
export function renderTable(state: IngressState): RoutingTable {
  const draft: Draft = { hosts: new Map(), certificates: new Map(), problems: [] };
  const served = state.ingresses.filter((ingress) => isServed(ingress, state.classes)).sort(byAge);
  for (const ingress of served) {
    addCertificates(draft, ingress, state);
    addRules(draft, ingress, state);
  }
  // Behind all rules, so that the default backend of one Ingress never hides a rule of another.
  for (const ingress of served) addDefaultBackend(draft, ingress, state);
  const hosts = Array.from(draft.hosts, ([host, routes]): VirtualHost => ({ host, routes: inOrder(routes) }));
  return { hosts: hosts.sort((a, b) => compare(a.host, b.host)), certificates: draft.certificates, problems: draft.problems };
}

function addRules(draft: Draft, ingress: Ingress, state: IngressState): void {
  const settings = settingsOf(ingress);
  for (const { host = "", http } of ingress.spec?.rules ?? []) {
    for (const rule of http?.paths ?? []) {
      const path = pathOf(rule, settings);
      if (path.match === "regex" && !isPattern(path.path)) {
        draft.problems.push(`Ingress ${keyOf(ingress)}: the path ${path.path} is not a regular expression`);
        continue;
      }
      add(draft, host, routeOf(ingress, host, path, rule.backend, settings, state));
    }
  }
}

function addDefaultBackend(draft: Draft, ingress: Ingress, state: IngressState): void {
  const backend = ingress.spec?.defaultBackend;
  if (backend === undefined) return;
  const hosts = new Set(["", ...(ingress.spec?.rules ?? []).map(({ host = "" }) => host)]);
  for (const host of hosts) {
    const settings = { ...settingsOf(ingress), rewriteTarget: undefined };
    add(draft, host, routeOf(ingress, host, { match: "prefix", path: "/" }, backend, settings, state));
  }
}

function routeOf(
  ingress: Ingress,
  host: string,
  { match, path }: Pick<Route, "match" | "path">,
  { service }: IngressBackend,
  settings: IngressSettings,
  state: IngressState,
): Route {
  const namespace = ingress.metadata?.namespace ?? "";
  const { rewriteTarget, sslRedirect, protocol, bodyLimit, readTimeoutMs, affinityCookie } = settings;
  return {
    match,
    path,
    ingress: keyOf(ingress),
    // A resource backend names an object that only its own controller could serve.
    backend: service === undefined ? { key: `${namespace}/`, endpoints: [] } : backendOf(namespace, service, state),
    protocol,
    // A path that is its own target leaves what follows it alone, as with ingress-nginx.
    rewrite: rewriteTarget === path ? undefined : rewriteTarget,
    redirectToTls: sslRedirect === "always" || (sslRedirect === "with-tls" && tlsHosts(ingress).has(host)),
    bodyLimit,
    readTimeoutMs,
    affinityCookie,
  };
}

function pathOf({ path, pathType }: HTTPIngressPath, { useRegex, rewriteTarget }: IngressSettings): Pick<Route, "match" | "path"> {
  const text = path === undefined || path === "" ? "/" : path;
  if (pathType === "Exact") return { match: "exact", path: text };
  const mayBeRegex = useRegex || rewriteTarget !== undefined;
  if (mayBeRegex && REGEX_CHARACTERS.test(text)) return { match: "regex", path: text };
  return { match: "prefix", path: text };
}

function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

function add(draft: Draft, host: string, route: Route): void {
  const name = host.toLowerCase();
  const routes = draft.hosts.get(name);
  if (routes === undefined) draft.hosts.set(name, [route]);
  else if (!routes.some(({ match, path }) => match === route.match && path === route.path)) routes.push(route);
}

/** Exact paths, then the others by length; a stable sort keeps the older one first. */
function inOrder(routes: readonly Route[]): Route[] {
  const rank = ({ match }: Route): number => (match === "exact" ? 0 : 1);
  return [...routes].sort((a, b) => rank(a) - rank(b) || b.path.length - a.path.length || compare(a.path, b.path));
}

/** The hosts for which an Ingress configures TLS: those that it lists, or those of its rules when it lists none. */
function tlsHosts(ingress: Ingress): Set<string> {
  const { tls = [], rules = [] } = ingress.spec ?? {};
  const ofRules = rules.map(({ host = "" }) => host);
  return new Set(tls.flatMap(({ hosts = [] }) => (hosts.length > 0 ? hosts : ofRules)));
}

function addCertificates(draft: Draft, ingress: Ingress, { secrets }: IngressState): void {
  const { tls = [], rules = [] } = ingress.spec ?? {};
  for (const { hosts = [], secretName } of tls) {
    if (secretName === undefined) continue;
    const key = `${ingress.metadata?.namespace ?? ""}/${secretName}`;
    const certificate = certificateIn(secrets.get(key));
    if (certificate === undefined) {
      draft.problems.push(`Ingress ${keyOf(ingress)}: the Secret ${key} holds no certificate with its key; the self-signed one is used`);
      continue;
    }
    const names = hosts.length > 0 ? hosts : rules.flatMap(({ host }) => (host === undefined ? [] : [host]));
    for (const name of names) if (!draft.certificates.has(name.toLowerCase())) draft.certificates.set(name.toLowerCase(), certificate);
  }
}

function certificateIn(secret: Secret | undefined): Certificate | undefined {
  const certificate = text(secret?.data?.["tls.crt"]);
  const key = text(secret?.data?.["tls.key"]);
  return certificate.includes("-----BEGIN ") && key.includes("-----BEGIN ") ? { certificate, key } : undefined;
}

function text(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString();
}

function keyOf({ metadata }: Ingress): string {
  return `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
}

function byAge(a: Ingress, b: Ingress): number {
  return compare(a.metadata?.creationTimestamp ?? "", b.metadata?.creationTimestamp ?? "") || compare(keyOf(a), keyOf(b));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
