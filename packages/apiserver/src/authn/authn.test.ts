import { createHmac } from "node:crypto";
import { isStatus, type TokenRequest } from "@skiff/api";
import { formatTime } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { describe, expect, it } from "vitest";
import type { Authorizer } from "../attributes.ts";
import type { Credentials } from "../authenticator.ts";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { generateKeyPair } from "../pki/node-crypto.ts";
import { toPem } from "../pki/pem.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { AnonymousAuthenticator } from "./anonymous.ts";
import { BearerTokenAuthenticator } from "./bearer-token.ts";
import { BootstrapTokenAuthenticator } from "./bootstrap-token.ts";
import { ClientCertificateAuthenticator } from "./client-certificate.ts";
import { impersonate } from "./impersonation.ts";
import { decodeJwt, signJwt, verificationKeyOf, type Claims } from "./jwt.ts";
import { jsonWebKeySet } from "./openid-discovery.ts";
import { RequestHeaderAuthenticator } from "./request-header.ts";
import { ServiceAccountTokenAuthenticator } from "./service-account-token.ts";
import { StaticTokenAuthenticator } from "./static-token.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { reviewToken } from "./token-review.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";

function setUp() {
  const host = testHost();
  const key = generateKeyPair();
  const reader = new MemoryObjectReader()
    .put(RESOURCES.serviceAccounts, { metadata: { namespace: "default", name: "builder", uid: "sa-1" } })
    .put(RESOURCES.nodes, { metadata: { name: "node-a", uid: "node-1" } })
    .put(RESOURCES.pods, {
      metadata: { namespace: "default", name: "web", uid: "pod-1" },
      spec: { containers: [], serviceAccountName: "builder", nodeName: "node-a" },
    });
  const issuer = new TokenIssuer(host, reader, { issuer: ISSUER, key, apiAudiences: [ISSUER] });
  const serviceAccounts = new ServiceAccountTokenAuthenticator(host.clock, reader, {
    keys: [verificationKeyOf(key.publicKeyInfo)],
    issuers: [ISSUER],
    apiAudiences: [ISSUER],
  });
  const tokens = new BearerTokenAuthenticator([
    new StaticTokenAuthenticator(new Map([["static-secret", { name: "admin", groups: ["system:masters"] }]])),
    new BootstrapTokenAuthenticator(host.clock, reader),
    serviceAccounts,
  ]);
  const issue = async (spec: TokenRequest["spec"] = {}): Promise<string> =>
    (await issuer.issue("default", "builder", { spec: { audiences: [], ...spec } })).status?.token ?? "";
  return { host, key, reader, issuer, tokens, issue };
}

const withToken = (token: string): Credentials => ({ headers: { authorization: `Bearer ${token}` } });
const podRef = { apiVersion: "v1", kind: "Pod", name: "web" };

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isStatus(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("service-account tokens", () => {
  it("show the account, and pod and node of a bound one", async () => {
    const { tokens, issue } = setUp();
    const identity = await tokens.authenticate(withToken(await issue({ boundObjectRef: podRef })));
    expect(identity?.user).toEqual({
      name: "system:serviceaccount:default:builder",
      uid: "sa-1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
      extra: {
        "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^JTI=[0-9a-f-]{36}$/)],
        "authentication.kubernetes.io/pod-name": ["web"],
        "authentication.kubernetes.io/pod-uid": ["pod-1"],
        "authentication.kubernetes.io/node-name": ["node-a"],
        "authentication.kubernetes.io/node-uid": ["node-1"],
      },
    });
  });

  it("come through the subprotocol of a WebSocket, too", async () => {
    const { tokens, issue } = setUp();
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(await issue()).toString("base64url")}, v4.channel.k8s.io`;
    const identity = await tokens.authenticate({ headers: { "sec-websocket-protocol": protocol } });
    expect(identity?.user.name).toBe("system:serviceaccount:default:builder");
  });

  it("end with their time, whether they were used before or not", async () => {
    const { host, tokens, issue } = setUp();
    const token = await issue({ expirationSeconds: 600 });
    await tokens.authenticate(withToken(token));
    await host.clock.advance("10m");
    await tokens.authenticate(withToken(token));
    await host.clock.advance("11s");
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
  });

  it("end with what they are bound to", async () => {
    const { host, reader, tokens, issue } = setUp();
    const token = await issue({ boundObjectRef: podRef });
    await tokens.authenticate(withToken(token));
    reader.put(RESOURCES.pods, {
      metadata: { namespace: "default", name: "web", uid: "pod-1", deletionTimestamp: formatTime(host.clock.now()) },
    });
    await tokens.authenticate(withToken(token));
    await host.clock.advance("61s");
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
    reader.put(RESOURCES.pods, { metadata: { namespace: "default", name: "web", uid: "pod-2" } });
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
    reader.remove(RESOURCES.pods, "default", "web");
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
  });

  it("end with their account", async () => {
    const { reader, tokens, issue } = setUp();
    const token = await issue();
    reader.put(RESOURCES.serviceAccounts, { metadata: { namespace: "default", name: "builder", uid: "sa-2" } });
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
  });

  it("are good for their audience only", async () => {
    const { tokens, issue } = setUp();
    const token = await issue({ audiences: ["vault"] });
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
    const review = await reviewToken(tokens, { spec: { token, audiences: ["vault", "other"] } }, [ISSUER]);
    expect(review.status).toMatchObject({
      authenticated: true,
      audiences: ["vault"],
      user: { username: "system:serviceaccount:default:builder" },
    });
    expect((await reviewToken(tokens, { spec: { token } }, [ISSUER])).status).toEqual({ user: {}, error: "invalid bearer token" });
  });

  it("from Secrets live as long as these", async () => {
    const { reader, issuer, tokens } = setUp();
    const token = issuer.issueForSecret("default", { name: "builder", uid: "sa-1" }, "builder-token");
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
    const secret = { metadata: { namespace: "default", name: "builder-token" }, data: { token: Buffer.from(token).toString("base64") } };
    reader.put(RESOURCES.secrets, secret);
    expect((await tokens.authenticate(withToken(token)))?.user.name).toBe("system:serviceaccount:default:builder");
    reader.put(RESOURCES.secrets, { ...secret, data: { token: "b3RoZXI=" } });
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
  });

  it.each<[string, (claims: Claims, now: number) => Claims]>([
    ["of another issuer", (claims) => ({ ...claims, iss: "https://evil.example" })],
    ["without expiry", ({ exp: _exp, ...claims }) => claims],
    ["not valid yet", (claims, now) => ({ ...claims, nbf: now + 60 })],
    ["issued in the future", (claims, now) => ({ ...claims, iat: now + 60 })],
    ["for nobody", ({ aud: _aud, ...claims }) => claims],
    ["with another subject", (claims) => ({ ...claims, sub: "system:serviceaccount:kube-system:builder" })],
    ["without own claims", ({ "kubernetes.io": _own, ...claims }) => claims],
  ])("are refused %s, even well signed", async (_name, change) => {
    const { host, key, tokens, issue } = setUp();
    const claims = decodeJwt(await issue())?.claims ?? {};
    const token = signJwt(change(claims, host.clock.now() / 1000), key);
    expect(await refusal(tokens.authenticate(withToken(token)))).toBe("401 Unauthorized");
  });
});

describe("forged tokens are refused:", () => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  it.each<[string, (token: string, publicKeyInfo: Uint8Array) => string]>([
    ["no signature", (token) => `${part({ alg: "none" })}.${token.split(".")[1]}.`],
    ["algorithm none with the old signature", (token) => `${part({ alg: "none" })}.${token.split(".").slice(1).join(".")}`],
    [
      "HS256 with the public key as the secret",
      (token, publicKeyInfo) => {
        const signed = `${part({ alg: "HS256" })}.${token.split(".")[1]}`;
        return `${signed}.${createHmac("sha256", toPem("PUBLIC KEY", publicKeyInfo)).update(signed).digest("base64url")}`;
      },
    ],
    ["another key", (token) => signJwt(decodeJwt(token)?.claims ?? {}, generateKeyPair())],
    ["unknown key id", (token) => `${part({ alg: "ES256", kid: "x" })}.${token.split(".").slice(1).join(".")}`],
    ["changed claims", (token) => [token.split(".")[0], part({ ...decodeJwt(token)?.claims, exp: 9e9 }), token.split(".")[2]].join(".")],
    ["truncated", (token) => token.slice(0, -10)],
    ["garbage", () => "garbage"],
    ["three dots of garbage", () => "a.b.c"],
    ["a megabyte", () => "x".repeat(1_000_000)],
  ])("%s", async (_name, forge) => {
    const { key, tokens, issue } = setUp();
    expect(await refusal(tokens.authenticate(withToken(forge(await issue(), key.publicKeyInfo))))).toBe("401 Unauthorized");
  });
});

describe("TokenIssuer", () => {
  it.each<[string, NonNullable<TokenRequest["spec"]>, string]>([
    [
      "short",
      { expirationSeconds: 599 },
      '422 TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    ["long", { expirationSeconds: 2 ** 33 }, "may not specify a duration larger than 2^32 seconds"],
    ["bound to a pod that is not there", { boundObjectRef: { ...podRef, name: "x" } }, '404 pods "x" not found'],
    [
      "bound to a pod of another account",
      { boundObjectRef: { ...podRef, name: "other" } },
      "pod running with different serviceaccount name.",
    ],
    [
      "bound to something else",
      { boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" } },
      "400 cannot bind token to object of type /v1, Kind=ConfigMap",
    ],
    ["bound to another uid", { boundObjectRef: { ...podRef, uid: "y" } }, "409 "],
  ])("issues no token that is %s", async (_name, spec, message) => {
    const { reader, issue } = setUp();
    reader.put(RESOURCES.pods, {
      metadata: { namespace: "default", name: "other", uid: "o" },
      spec: { containers: [], serviceAccountName: "x" },
    });
    expect(await refusal(issue(spec))).toContain(message);
  });

  it("needs the account", async () => {
    const { issuer } = setUp();
    expect(await refusal(issuer.issue("default", "nobody", { spec: { audiences: [] } }))).toBe('404 serviceaccounts "nobody" not found');
  });

  it("says when the token ends", async () => {
    const { host, issuer } = setUp();
    const answer = await issuer.issue("default", "builder", { spec: { audiences: [], expirationSeconds: 7200 } });
    expect(answer.status?.expirationTimestamp).toBe(formatTime(host.clock.now() + 7_200_000));
    expect(answer.spec?.audiences).toEqual([ISSUER]);
  });
});

it("publishes the key under the id that tokens carry", async () => {
  const { key, issue } = setUp();
  const { keys } = jsonWebKeySet([verificationKeyOf(key.publicKeyInfo)]).body as { keys: { kid: string; alg: string; x: string }[] };
  expect(keys[0]).toMatchObject({ kid: decodeJwt(await issue())?.header["kid"], alg: "ES256", kty: "EC", crv: "P-256", use: "sig" });
  expect(Object.keys(keys[0] ?? {})).not.toContain("d");
});

describe("bootstrap tokens", () => {
  const encode = (fields: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  const fields = { "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true" };
  const put = (reader: MemoryObjectReader, data: Record<string, string>, type = "bootstrap.kubernetes.io/token"): void =>
    void reader.put(RESOURCES.secrets, {
      metadata: { namespace: "kube-system", name: "bootstrap-token-abcdef" },
      type,
      data: encode(data),
    });

  it("show who joins", async () => {
    const { reader, tokens } = setUp();
    put(reader, { ...fields, "auth-extra-groups": "system:bootstrappers:workers" });
    expect((await tokens.authenticate(withToken("abcdef.0123456789abcdef")))?.user).toEqual({
      name: "system:bootstrap:abcdef",
      groups: ["system:bootstrappers", "system:bootstrappers:workers", "system:authenticated"],
    });
  });

  it.each<[string, Record<string, string>, string?]>([
    ["with another secret", { ...fields, "token-secret": "fedcba9876543210" }],
    ["with another id", { ...fields, "token-id": "fedcba" }],
    ["for other uses", { ...fields, "usage-bootstrap-authentication": "false" }],
    ["expired", { ...fields, expiration: "2025-12-31T23:59:59Z" }],
    ["with a broken expiry", { ...fields, expiration: "soon" }],
    ["with foreign groups", { ...fields, "auth-extra-groups": "system:masters" }],
    ["of another type", fields, "Opaque"],
  ])("are refused %s", async (_name, data, type) => {
    const { reader, tokens } = setUp();
    put(reader, data, type);
    expect(await refusal(tokens.authenticate(withToken("abcdef.0123456789abcdef")))).toBe("401 Unauthorized");
  });
});

describe("client certificates", () => {
  const { clock } = testHost();
  const authenticator = new ClientCertificateAuthenticator(clock);
  const certificate = { commonName: "jane", organizations: ["dev"], notAfterMs: clock.now() + 1000 };

  it("show user and groups", async () => {
    const identity = await authenticator.authenticate({ headers: {}, clientCertificate: certificate });
    expect(identity?.user).toEqual({ name: "jane", groups: ["dev", "system:authenticated"] });
  });

  it.each([
    ["expired", { notAfterMs: clock.now() - 1 }],
    ["nameless", { commonName: "" }],
  ])("are refused when they are %s", async (_name, change) => {
    const credentials = { headers: {}, clientCertificate: { ...certificate, ...change } };
    expect(await refusal(authenticator.authenticate(credentials))).toBe("401 Unauthorized");
  });
});

describe("front proxies", () => {
  const { clock } = testHost();
  const authenticator = new RequestHeaderAuthenticator(clock);
  const headers = { "x-remote-user": "jane", "x-remote-group": "dev, ops", "x-remote-extra-example.com%2Fteam": "red" };
  const certificate = { commonName: "front-proxy-client", notAfterMs: clock.now() + 1000 };

  it("say for whom they speak", async () => {
    const identity = await authenticator.authenticate({ headers, requestHeaderCertificate: certificate });
    expect(identity?.user).toEqual({
      name: "jane",
      groups: ["dev", "ops", "system:authenticated"],
      extra: { "example.com/team": ["red"] },
    });
  });

  it("are nobody without their certificate", async () => {
    const clientCertificate = { commonName: "front-proxy-client", organizations: [], notAfterMs: clock.now() + 1000 };
    expect(await authenticator.authenticate({ headers, clientCertificate })).toBeUndefined();
  });

  it("must be known by name and in time", async () => {
    const other = { headers, requestHeaderCertificate: { ...certificate, commonName: "x" } };
    expect(await refusal(authenticator.authenticate(other))).toBe("401 Unauthorized");
    const late = { headers, requestHeaderCertificate: { ...certificate, notAfterMs: clock.now() - 1 } };
    expect(await refusal(authenticator.authenticate(late))).toBe("401 Unauthorized");
  });
});

describe("without credentials", () => {
  it.each(["/livez", "/readyz", "/healthz", "/api/v1/namespaces/kube-public/configmaps/cluster-info"])("anyone reads %s", async (path) => {
    expect((await new AnonymousAuthenticator().authenticate({ headers: {}, path })).user.name).toBe("system:anonymous");
  });

  it.each(["/api/v1/secrets", "/api/v1/namespaces/kube-public/configmaps", "/livez/etcd", "/metrics", "/", undefined])(
    "nobody reads %s",
    async (path) => {
      expect(await refusal(new AnonymousAuthenticator().authenticate({ headers: {}, path }))).toBe("401 Unauthorized");
    },
  );

  it("another scheme than Bearer counts as none", async () => {
    expect(await setUp().tokens.authenticate({ headers: { authorization: "Basic eDp5" } })).toBeUndefined();
  });
});

describe("impersonation", () => {
  const user = { name: "jane", groups: ["system:authenticated"] };
  const asked: string[] = [];
  const recorder = (allow: boolean): Authorizer => ({
    authorize: (attributes) => {
      const { group, resource, subresource, namespace, name } = attributes;
      asked.push([attributes.verb, group, resource, subresource, namespace, name].join("|"));
      return { decision: allow ? "allow" : "noOpinion" };
    },
  });

  it("asks for every part and answers the other user", () => {
    asked.length = 0;
    const headers = { "impersonate-user": "bob", "impersonate-group": "a, b", "impersonate-uid": "7", "impersonate-extra-scopes": "view" };
    expect(impersonate(user, headers, recorder(true))).toEqual({
      name: "bob",
      uid: "7",
      groups: ["a", "b", "system:authenticated"],
      extra: { scopes: ["view"] },
    });
    expect(asked).toEqual([
      "impersonate||users|||bob",
      "impersonate||groups|||a",
      "impersonate||groups|||b",
      "impersonate|authentication.k8s.io|userextras|scopes||view",
      "impersonate|authentication.k8s.io|uids|||7",
    ]);
  });

  it("gives service accounts their groups", () => {
    asked.length = 0;
    const headers = { "impersonate-user": "system:serviceaccount:dev:builder" };
    expect(impersonate(user, headers, recorder(true)).groups).toEqual([
      "system:serviceaccounts",
      "system:serviceaccounts:dev",
      "system:authenticated",
    ]);
    expect(asked).toEqual(["impersonate||serviceaccounts||dev|builder"]);
  });

  it("is refused in upstream's words", async () => {
    const headers = { "impersonate-user": "bob", "impersonate-group": "system:masters" };
    expect(await refusal(Promise.resolve().then(() => impersonate(user, headers, recorder(false))))).toBe(
      '403 users "bob" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });

  it("does nothing without headers, and needs a user", async () => {
    expect(impersonate(user, {}, recorder(false))).toBe(user);
    expect(await refusal(Promise.resolve().then(() => impersonate(user, { "impersonate-group": "a" }, recorder(true))))).toMatch(/^500 /);
  });
});
