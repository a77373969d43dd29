import { createHmac } from "node:crypto";
import { randomInteger, type Random } from "@skiff/base";
import { decodeJwt, signJwt, type Claims } from "../../authn/jwt.ts";
import { generateKeyPair } from "../../pki/node-crypto.ts";
import { toPem } from "../../pki/pem.ts";
import type { BadInput, Expected, HttpInput, Row } from "./bad-input.ts";
import { configMap, CONFIG_MAPS, freshName, PODS } from "./generators.ts";
import type { Lab } from "./lab.ts";

const UNAUTHORIZED: Expected = { status: 401, reason: "Unauthorized" };
const FORBIDDEN: Expected = { status: 403, reason: "Forbidden" };
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

function refused(what: string, make: BadInput["make"], expected: Expected): BadInput {
  return { what, make, expected };
}

const withToken = (token: string): HttpInput => ({ path: CONFIG_MAPS, as: "nobody", headers: { authorization: `Bearer ${token}` } });
const part = (value: unknown): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A good token of the service account `default/builder`, spoilt. */
function forged(what: string, forge: (token: string, lab: Lab, random: Random) => string): BadInput {
  return {
    what,
    make: (random) => async (lab) => {
      const { status } = await lab.issuer.issue("default", "builder", { spec: { audiences: [] } });
      const good = status?.token ?? "";
      const before = await lab.send(withToken(good));
      // The token itself is good; what it may do is another question.
      if (before.status !== 403) return { ...before, text: `the good token was answered ${before.status}` };
      return lab.send(withToken(forge(good, lab, random)));
    },
    expected: UNAUTHORIZED,
  };
}

/** Signed well, with other claims. */
function signedWith(what: string, change: (claims: Claims, now: number) => Claims): BadInput {
  return forged(what, (token, lab) => signJwt(change(decodeJwt(token)?.claims ?? {}, Date.now() / 1000), lab.serviceAccountKey));
}

const asJane = (method: string, path: string, body?: object, headers: HttpInput["headers"] = {}): HttpInput => ({
  method,
  path,
  as: "jane",
  headers,
  ...(body === undefined ? {} : { body }),
});
const role = (name: string, rule: object): object => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name, namespace: "default" },
  rules: [rule],
});
const everything = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
const bindingOf = (name: string, roleName: string): object => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name, namespace: "default" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
  subjects: [{ kind: "User", name: "jane", apiGroup: "rbac.authorization.k8s.io" }],
});

const asNode = (method: string, path: string, body?: object, type = "application/json"): HttpInput => ({
  method,
  path,
  as: "node",
  headers: { "content-type": type },
  ...(body === undefined ? {} : { body }),
});
const MERGE = "application/merge-patch+json";

/** A proxy request to an object whose address is set to `address` first. */
function proxied(what: string, address: string, kind: "nodes" | "pods"): BadInput {
  return {
    what: `${what} ${address}`,
    make: (random) => async (lab) => {
      const name = freshName(random);
      const path = kind === "nodes" ? "/api/v1/nodes" : PODS;
      const spec = kind === "nodes" ? {} : { spec: { containers: [{ name: "c", image: "x" }] } };
      await lab.send({
        method: "POST",
        path,
        body: { apiVersion: "v1", kind: kind === "nodes" ? "Node" : "Pod", metadata: { name }, ...spec },
      });
      const status = kind === "nodes" ? { addresses: [{ type: "InternalIP", address }] } : { podIP: address, podIPs: [{ ip: address }] };
      await lab.send({ method: "PATCH", path: `${path}/${name}/status`, body: { status }, headers: { "content-type": MERGE } });
      lab.nodes.requests.length = 0;
      const answer = await lab.send({ path: `${path}/${name}:80/proxy/latest/meta-data/` });
      return { ...answer, text: `${lab.nodes.requests.length} ${answer.text}` };
    },
    expected: { status: [400, 403, 503], text: /^0 / },
    stores: true,
  };
}

/** Who asks and what they may do: rows 58 to 64. */
export const ACCESS_ROWS: readonly Row[] = [
  {
    row: 58,
    name: "requests that the server is to make for others",
    inputs: [
      ...["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1"].flatMap((address) => [
        proxied("node", address, "nodes"),
        proxied("pod", address, "pods"),
      ]),
      refused("another scheme", () => ({ path: `${PODS}/ftp:kept:80/proxy/` }), { status: 400, reason: "BadRequest" }),
      refused("a port that is none", () => ({ path: `${PODS}/kept:99999/proxy/` }), { status: 400, reason: "BadRequest" }),
    ],
  },
  {
    row: 59,
    name: "tokens that are none",
    inputs: [
      refused("none", () => ({ path: CONFIG_MAPS, as: "nobody" }), UNAUTHORIZED),
      refused("garbage", (random) => withToken(Buffer.from(random.bytes(30)).toString("hex")), UNAUTHORIZED),
      refused("dots", (random) => withToken(".".repeat(1 + randomInteger(random, 5000))), UNAUTHORIZED),
      refused("15 KiB", () => withToken("x".repeat(15_000)), UNAUTHORIZED),
      refused("a megabyte", () => withToken("x".repeat(1_000_000)), { status: [0, 431] }),
      refused(
        "another scheme",
        () => ({ path: CONFIG_MAPS, as: "nobody", headers: { authorization: "Basic YWRtaW46YWRtaW4=" } }),
        UNAUTHORIZED,
      ),
      refused(
        "nothing behind the scheme",
        () => ({ path: CONFIG_MAPS, as: "nobody", headers: { authorization: "Bearer " } }),
        UNAUTHORIZED,
      ),
    ],
  },
  {
    row: 60,
    name: "forged service-account tokens",
    inputs: [
      forged("no algorithm", (token) => `${part({ alg: "none" })}.${token.split(".")[1]}.`),
      forged("HS256 with the public key", (token, lab) => {
        const signed = `${part({ alg: "HS256" })}.${token.split(".")[1]}`;
        return `${signed}.${createHmac("sha256", toPem("PUBLIC KEY", lab.serviceAccountKey.publicKeyInfo)).update(signed).digest("base64url")}`;
      }),
      forged("an unknown key", (token) => signJwt(decodeJwt(token)?.claims ?? {}, generateKeyPair())),
      forged("one character changed", (token, _lab, random) => {
        const at = randomInteger(random, token.length - 90);
        const other = token[at] === "A" ? "B" : "A";
        return `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      }),
      forged("two expiry times", (token) => {
        const claims = JSON.stringify(decodeJwt(token)?.claims).replace(/^\{/, '{"exp":9999999999,');
        return [token.split(".")[0], part(claims), token.split(".")[2]].join(".");
      }),
      signedWith("another issuer", (claims) => ({ ...claims, iss: "https://evil.example" })),
      signedWith("another audience", (claims) => ({ ...claims, aud: ["vault"] })),
      signedWith("expired", (claims, now) => ({ ...claims, exp: now - 60 })),
      signedWith("not yet", (claims, now) => ({ ...claims, nbf: now + 3600 })),
      signedWith("another account of the same name", (claims) => ({
        ...claims,
        "kubernetes.io": { ...(claims["kubernetes.io"] as object), serviceaccount: { name: "builder", uid: "other" } },
      })),
      signedWith("a Pod that is gone", (claims) => ({
        ...claims,
        "kubernetes.io": { ...(claims["kubernetes.io"] as object), pod: { name: "gone", uid: "gone" } },
      })),
    ],
  },
  {
    row: 61,
    name: "client certificates",
    skipped: "expired certificates and front proxies of another name: authn.test.ts, in virtual time",
    inputs: [
      refused("of another authority", () => ({ path: CONFIG_MAPS, as: "stranger" }), UNAUTHORIZED),
      {
        what: "TLS 1.1",
        make: () => (lab) =>
          lab.raw({ raw: "GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" }, lab.port, {
            minVersion: "TLSv1.1",
            maxVersion: "TLSv1.1",
          }),
        expected: { status: 0 },
      },
    ],
  },
  {
    row: 62,
    name: "identities in headers",
    inputs: [
      refused(
        "X-Remote-User by an ordinary client",
        () => asJane("GET", CONFIG_MAPS, undefined, { "x-remote-user": "admin", "x-remote-group": "system:masters" }),
        { ...FORBIDDEN, text: /User \\"jane\\"/ },
      ),
      refused(
        "X-Remote-User by nobody",
        () => ({ path: CONFIG_MAPS, as: "nobody", headers: { "x-remote-user": "admin", "x-remote-group": "system:masters" } }),
        UNAUTHORIZED,
      ),
      refused("Impersonate-User without the right", () => asJane("GET", CONFIG_MAPS, undefined, { "impersonate-user": "admin" }), {
        ...FORBIDDEN,
        text: /cannot impersonate resource \\"users\\"/,
      }),
      refused("a group alone", () => asJane("GET", CONFIG_MAPS, undefined, { "impersonate-group": "system:masters" }), {
        status: [403, 500],
      }),
      refused(
        "groups beside a user",
        () => asJane("GET", CONFIG_MAPS, undefined, { "impersonate-user": "jane", "impersonate-group": "system:masters" }),
        FORBIDDEN,
      ),
      refused(
        "extra with broken escapes",
        () => asJane("GET", CONFIG_MAPS, undefined, { "impersonate-user": "jane", "impersonate-extra-%zz": "x" }),
        FORBIDDEN,
      ),
      refused(
        "an administrator as somebody with fewer rights has fewer",
        () => ({ path: CONFIG_MAPS, headers: { "impersonate-user": "jane" } }),
        FORBIDDEN,
      ),
    ],
  },
  {
    row: 63,
    name: "more rights than one has",
    inputs: [
      refused(
        "a role above one's own",
        (random) => asJane("POST", `${RBAC}/namespaces/default/roles`, role(freshName(random), everything)),
        { ...FORBIDDEN, text: /attempting to grant RBAC permissions not currently held/ },
      ),
      refused(
        "a wildcard of subresources",
        (random) =>
          asJane(
            "POST",
            `${RBAC}/namespaces/default/roles`,
            role(freshName(random), { apiGroups: [""], resources: ["*/exec"], verbs: ["create"] }),
          ),
        FORBIDDEN,
      ),
      refused(
        "a binding to a role above one's own",
        (random) => asJane("POST", `${RBAC}/namespaces/default/rolebindings`, bindingOf(freshName(random), "cluster-admin")),
        { ...FORBIDDEN, text: /attempting to grant RBAC permissions not currently held/ },
      ),
      refused(
        "one's own role made larger",
        () => asJane("PATCH", `${RBAC}/namespaces/default/roles/jane`, { rules: [everything] }, { "content-type": MERGE }),
        FORBIDDEN,
      ),
      refused(
        "one's own binding to more",
        () =>
          asJane(
            "PATCH",
            `${RBAC}/namespaces/default/rolebindings/jane`,
            { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" } },
            { "content-type": MERGE },
          ),
        { status: [403, 422] },
      ),
      refused(
        "a role of the whole cluster",
        (random) =>
          asJane("POST", `${RBAC}/clusterroles`, {
            ...role(freshName(random), everything),
            kind: "ClusterRole",
            metadata: { name: freshName(random) },
          }),
        FORBIDDEN,
      ),
      refused(
        "aggregation",
        () => asJane("PATCH", `${RBAC}/clusterroles/view`, { aggregationRule: { clusterRoleSelectors: [{}] } }, { "content-type": MERGE }),
        FORBIDDEN,
      ),
    ],
  },
  {
    row: 64,
    name: "nodes that reach beyond themselves",
    inputs: [
      refused("another node", () => asNode("PATCH", "/api/v1/nodes/node-b/status", { status: { phase: "x" } }, MERGE), FORBIDDEN),
      refused(
        "restricted labels of its own",
        () => asNode("PATCH", "/api/v1/nodes/node-a", { metadata: { labels: { "node-restriction.kubernetes.io/tier": "gold" } } }, MERGE),
        FORBIDDEN,
      ),
      refused("its own taints away", () => asNode("PATCH", "/api/v1/nodes/node-a", { spec: { taints: [] } }, MERGE), FORBIDDEN),
      refused("a Pod of another node", () => asNode("DELETE", `${PODS}/elsewhere`), FORBIDDEN),
      refused("a Secret that none of its Pods uses", () => asNode("GET", "/api/v1/namespaces/default/secrets/foreign"), FORBIDDEN),
      refused("all Secrets", () => asNode("GET", "/api/v1/secrets"), FORBIDDEN),
      refused("all Secrets of one name", () => asNode("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dforeign"), FORBIDDEN),
      refused(
        "a token of an account that none of its Pods uses",
        () =>
          asNode("POST", "/api/v1/namespaces/default/serviceaccounts/builder/token", {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            spec: { audiences: [] },
          }),
        FORBIDDEN,
      ),
      refused(
        "a Pod of its own making",
        (random) =>
          asNode("POST", PODS, {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: freshName(random) },
            spec: { nodeName: "node-a", containers: [{ name: "c", image: "x" }] },
          }),
        FORBIDDEN,
      ),
      refused("a ConfigMap", (random) => asNode("POST", CONFIG_MAPS, configMap(freshName(random))), FORBIDDEN),
    ],
  },
];
