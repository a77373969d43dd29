import { describe, expect, it } from "vitest";
import type { EndpointSlice, Ingress, IngressClass, IngressSpec, Service } from "@skiff/api";
import { renderTable, type IngressState } from "./render-table.ts";
import { RouteMatcher } from "./route-matcher.ts";

const NGINX = "nginx.ingress.kubernetes.io/";

function service(name: string, spec: Service["spec"] = { ports: [{ name: "http", port: 80 }] }): Service {
  return { metadata: { name, namespace: "default" }, spec };
}

function slice(name: string, ...conditions: { ready?: boolean; serving?: boolean; terminating?: boolean }[]): EndpointSlice {
  return {
    metadata: { name, namespace: "default" },
    addressType: "IPv4",
    endpoints: conditions.map((each, index) => ({ addresses: [`10.244.0.${index + 1}`], conditions: each })),
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
}

function ingress(name: string, spec: IngressSpec, annotations: Record<string, string> = {}, age = 0): Ingress {
  const creationTimestamp = `2026-01-01T00:00:${String(30 - age).padStart(2, "0")}Z`;
  return { metadata: { name, namespace: "default", annotations, creationTimestamp }, spec };
}

type Path = [path: string | undefined, pathType: string, backend: string];

function rule(host: string | undefined, ...paths: Path[]): NonNullable<IngressSpec["rules"]>[number] {
  return {
    ...(host === undefined ? {} : { host }),
    http: {
      paths: paths.map(([path, pathType, backend]) => ({
        ...(path === undefined ? {} : { path }),
        pathType,
        backend: { service: { name: backend, port: { number: 80 } } },
      })),
    },
  };
}

function state(ingresses: readonly Ingress[], more: Partial<IngressState> = {}): IngressState {
  const names = ["web", "api", "old", "fallback"];
  return {
    ingresses,
    classes: new Map(),
    secrets: new Map(),
    services: new Map(names.map((name) => [`default/${name}`, service(name)])),
    slices: new Map(names.map((name) => [`default/${name}`, [slice(name, {})]])),
    ...more,
  };
}

/** Which Service a request is led to, and with which path; `undefined`: none. */
function route(ingresses: readonly Ingress[], host: string, url: string, more: Partial<IngressState> = {}): string | undefined {
  const found = new RouteMatcher(renderTable(state(ingresses, more))).match(host, url);
  return found && `${found.route.backend.key.split("/")[1]?.split(":")[0]} ${found.target}`;
}

describe("the routing table", () => {
  it("holds everything that requests are served by", async () => {
    const shop = ingress(
      "shop",
      {
        rules: [
          rule("shop.example.com", ["/", "Prefix", "web"], ["/api", "Prefix", "api"], ["/api/health", "Exact", "web"]),
          rule("*.example.com", ["/", "Prefix", "old"]),
        ],
        tls: [{ hosts: ["shop.example.com"], secretName: "shop-tls" }],
        defaultBackend: { service: { name: "fallback", port: { name: "http" } } },
      },
      { [`${NGINX}proxy-body-size`]: "8m", [`${NGINX}proxy-read-timeout`]: "120" },
    );
    const data = { "tls.crt": btoa("-----BEGIN CERTIFICATE-----"), "tls.key": btoa("-----BEGIN PRIVATE KEY-----") };
    const table = renderTable(state([shop], { secrets: new Map([["default/shop-tls", { metadata: { name: "shop-tls" }, data }]]) }));
    const text = JSON.stringify(
      { hosts: table.hosts, certificates: [...table.certificates.keys()], problems: table.problems },
      undefined,
      2,
    );
    await expect(`${text}\n`).toMatchFileSnapshot("testdata/shop-table.txt");
  });

  it("does not depend on the order of its input", () => {
    const one = ingress("one", { rules: [rule("a.example.com", ["/", "Prefix", "web"])] });
    const two = ingress("two", { rules: [rule("a.example.com", ["/", "Prefix", "api"], ["/x", "Prefix", "api"])] }, {}, 10);
    expect(renderTable(state([one, two]))).toEqual(renderTable(state([two, one])));
    expect(route([one, two], "a.example.com", "/")).toBe("api /");
  });

  it("names Secrets that hold no certificate", () => {
    const spec = { rules: [rule("a.example.com", ["/", "Prefix", "web"])], tls: [{ hosts: ["a.example.com"], secretName: "gone" }] };
    const { problems, hosts } = renderTable(state([ingress("a", spec)]));
    expect(problems).toEqual(["Ingress default/a: the Secret default/gone holds no certificate with its key; the self-signed one is used"]);
    expect(hosts[0]?.routes[0]?.redirectToTls).toBe(true);
  });
});

describe("paths", () => {
  // The table of the documentation of Ingress.
  it.each<[pathType: string, path: string, request: string, fits: boolean]>([
    ["Prefix", "/", "/any/path", true],
    ["Exact", "/foo", "/foo", true],
    ["Exact", "/foo", "/bar", false],
    ["Exact", "/foo", "/foo/", false],
    ["Exact", "/foo/", "/foo", false],
    ["Prefix", "/foo", "/foo", true],
    ["Prefix", "/foo", "/foo/", true],
    ["Prefix", "/foo/", "/foo", true],
    ["Prefix", "/foo/", "/foo/", true],
    ["Prefix", "/aaa/bb", "/aaa/bbb", false],
    ["Prefix", "/aaa/bbb", "/aaa/bbb", true],
    ["Prefix", "/aaa/bbb/", "/aaa/bbb", true],
    ["Prefix", "/aaa/bbb", "/aaa/bbb/", true],
    ["Prefix", "/aaa/bbb", "/aaa/bbb/ccc", true],
    ["Prefix", "/aaa/bbb", "/aaa/bbbxyz", false],
    ["ImplementationSpecific", "/foo", "/foo/bar", true],
    ["Prefix", "/public", "/public/../admin", false],
    ["Prefix", "/public", "/public/%2E%2e/admin", false],
    ["Prefix", "/public", "//public/./x", true],
  ])("%s %s and %s: %s", (pathType, path, request, fits) => {
    const found = route([ingress("a", { rules: [rule(undefined, [path, pathType, "web"])] })], "example.com", request);
    expect(found).toBe(fits ? `web ${request}` : undefined);
  });

  it("prefer the exact, then the longest", () => {
    const rules = [
      rule(undefined, ["/", "Prefix", "old"], ["/a", "Prefix", "web"], ["/a/b", "Prefix", "api"], ["/a", "Exact", "fallback"]),
    ];
    const answers = ["/", "/a", "/a/", "/a/b/c?q=1"].map((url) => route([ingress("a", { rules })], "example.com", url));
    expect(answers).toEqual(["old /", "fallback /a", "web /a/", "api /a/b/c?q=1"]);
  });
});

describe("hosts", () => {
  const spec = {
    rules: [
      rule("foo.example.com", ["/", "Prefix", "web"]),
      rule("*.example.com", ["/", "Prefix", "api"]),
      rule(undefined, ["/", "Prefix", "old"]),
    ],
  };
  it.each([
    ["foo.example.com", "web /"],
    ["FOO.example.com", "web /"],
    ["bar.example.com", "api /"],
    ["baz.bar.example.com", "old /"],
    ["example.com", "old /"],
    ["10.172.0.1", "old /"],
  ])("%s", (host, expected) => {
    expect(route([ingress("a", spec)], host, "/")).toBe(expected);
  });
});

describe("a default backend", () => {
  const backend = { service: { name: "fallback", port: { number: 80 } } };

  it("gets what no rule of its Ingress fits, and what no Ingress fits", () => {
    const a = ingress("a", { rules: [rule("a.example.com", ["/x", "Prefix", "web"])], defaultBackend: backend });
    const b = ingress("b", { rules: [rule("b.example.com", ["/x", "Prefix", "web"])] });
    const at = (host: string, url: string): string | undefined => route([a, b], host, url);
    expect([at("a.example.com", "/x"), at("a.example.com", "/y"), at("b.example.com", "/y"), at("c.example.com", "/")]).toEqual([
      "web /x",
      "fallback /y",
      undefined,
      "fallback /",
    ]);
  });

  it("never hides a rule of another Ingress, however old it is", () => {
    const old = ingress("a", { defaultBackend: backend }, {}, 20);
    expect(route([old, ingress("b", { rules: [rule(undefined, ["/", "Prefix", "web"])] })], "example.com", "/")).toBe("web /");
  });
});

describe("rewrite-target", () => {
  const at = (path: string | undefined, pathType: string, target: string, url: string): string | undefined =>
    route(
      [ingress("a", { rules: [rule(undefined, [path, pathType, "web"])] }, { [`${NGINX}rewrite-target`]: target })],
      "example.com",
      url,
    );
  it.each([
    [undefined, "/", "/users/1?x=y", "web /users/1?x=y"],
    ["/", "/", "/users/1", "web /users/1"],
    ["/something(/|$)(.*)", "/$2", "/something/new?q=1", "web /new?q=1"],
    ["/something(/|$)(.*)", "/$2", "/something", "web /"],
    ["/something(/|$)(.*)", "/$2", "/SOMETHING/new", "web /new"],
    ["/something(/|$)(.*)", "/$2", "/somethingelse", undefined],
    ["/app", "/", "/app/deep", "web /"],
    ["/app", "/v2?from=app", "/app?x=1", "web /v2?from=app&x=1"],
    ["/v(\\d+)/(.*)", "/$2/v$1", "/v7/a/b", "web /a/b/v7"],
    ["/(", "/$1", "/(", undefined],
  ])("path %s to %s: %s", (path, target, url, expected) => {
    expect(at(path, "ImplementationSpecific", target, url)).toBe(expected);
  });

  it("takes no longer for paths that are made to be slow", () => {
    expect(at("/(a+)+$", "ImplementationSpecific", "/$1", `/${"a".repeat(50_000)}!`)).toBeUndefined();
  });
});

describe("whose Ingresses are served", () => {
  const classOf = (controller: string): IngressClass => ({ metadata: { name: "nginx" }, spec: { controller } });
  const spec = { rules: [rule(undefined, ["/", "Prefix", "web"])] };
  const old = ingress("a", spec, { "kubernetes.io/ingress.class": "nginx" });
  it.each<[string, Ingress, IngressClass | undefined, boolean]>([
    ["without a class", ingress("a", spec), undefined, true],
    ["of the own class", ingress("a", { ...spec, ingressClassName: "skiff" }), undefined, true],
    ["of a class that is not there", ingress("a", { ...spec, ingressClassName: "other" }), undefined, false],
    ["of the customary class, by annotation", old, undefined, true],
    ["of the customary class, by field", ingress("a", { ...spec, ingressClassName: "nginx" }), undefined, true],
    ["of the customary class, once its own controller is there", old, classOf("k8s.io/ingress-nginx"), false],
    ["of a class that points here", old, classOf("skiff.dev/ingress"), true],
  ])("%s", (_what, one, known, expected) => {
    const classes = known === undefined ? new Map<string, IngressClass>() : new Map([["nginx", known]]);
    expect(route([one], "example.com", "/", { classes }) !== undefined).toBe(expected);
  });
});

describe("endpoints", () => {
  const endpoints = (slices: EndpointSlice[], spec?: Service["spec"]): string[] => {
    const services = new Map([["default/web", service("web", spec)]]);
    const one = ingress("a", { rules: [rule(undefined, ["/", "Prefix", "web"])] });
    const [host] = renderTable(state([one], { services, slices: new Map([["default/web", slices]]) })).hosts;
    return (host?.routes[0]?.backend.endpoints ?? []).map((each) => `${each.host}:${each.port}`);
  };
  it.each<[string, string[], Parameters<typeof endpoints>]>([
    ["the ready ones", ["10.244.0.1:8080"], [[slice("a", { ready: true }, { ready: false })]]],
    [
      "those that end, when nothing else is left",
      ["10.244.0.2:8080"],
      [[slice("a", { ready: false }, { ready: false, serving: true, terminating: true })]],
    ],
    ["none of a port that the Service does not have", [], [[slice("a", {})], { ports: [{ name: "http", port: 81 }] }]],
    ["the name of an external Service", ["example.org:80"], [[], { type: "ExternalName", externalName: "example.org" }]],
  ])("%s", (_what, expected, [slices, spec]) => {
    expect(endpoints(slices, spec)).toEqual(expected);
  });
});
