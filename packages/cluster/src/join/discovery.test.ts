import { expect, it } from "vitest";
import { notFound, type ConfigMap } from "@skiff/api";
import { createClusterPki } from "@skiff/apiserver";
import { testHost } from "@skiff/base/testing";
import { KUBECONFIG_KEY, signatureKey, signDetached } from "@skiff/controllers";
import { authorityHashes } from "./authority-hash.ts";
import { discoverAuthority } from "./discovery.ts";

const TOKEN = { id: "abcdef", secret: "0123456789abcdef" };
const SERVER = "https://192.0.2.1:6443";
const { clock, ...host } = testHost();
const authorityOf = (): string => createClusterPki({ clock, ...host }).authority.save().certificatePem;
const AUTHORITY = authorityOf();

/** `cluster-info` for an authority, signed by the token unless `signature` says otherwise. */
function clusterInfo(authority = AUTHORITY, signature?: (kubeconfig: string) => string | undefined): ConfigMap {
  const cluster = { server: SERVER, "certificate-authority-data": Buffer.from(authority).toString("base64") };
  const kubeconfig = JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [{ name: "", cluster }] });
  const jws = (signature ?? ((content: string) => signDetached(content, TOKEN)))(kubeconfig);
  return { data: { [KUBECONFIG_KEY]: kubeconfig, ...(jws === undefined ? {} : { [signatureKey(TOKEN.id)]: jws }) } };
}

/** What comes of it when the server answers so; first without a look at its certificate, then with one. */
async function discover(read: (authorityPem?: string) => Promise<ConfigMap>, hashes: readonly string[] = []): Promise<string> {
  const found = discoverAuthority({ clock, server: SERVER, token: TOKEN, authorityHashes: hashes, read });
  const settled = found.then(
    (authority) => authority,
    (error: Error & { nextStep?: string }) => `${error.message} ${error.nextStep === undefined ? "(no next step)" : ""}`.trim(),
  );
  await clock.advance("6s");
  return settled;
}

it("trusts the authority that the token vouches for, and looks at the server's certificate with it", async () => {
  const asked: (string | undefined)[] = [];
  const read = async (authorityPem?: string): Promise<ConfigMap> => {
    asked.push(authorityPem);
    return clusterInfo();
  };
  expect(await discover(read)).toBe(AUTHORITY);
  expect(asked).toEqual([undefined, AUTHORITY]);
  expect(await discover(read, authorityHashes(AUTHORITY))).toBe(AUTHORITY);
  expect(await discover(read, [...authorityHashes(authorityOf()), ...authorityHashes(AUTHORITY)])).toBe(AUTHORITY);
});

it("waits a moment for the signature by a token that has just been made", async () => {
  const ready = clock.monotonic() + 2000;
  expect(await discover(async () => (clock.monotonic() < ready ? clusterInfo(AUTHORITY, () => undefined) : clusterInfo()))).toBe(AUTHORITY);
});

it.each<[string, () => Promise<ConfigMap>, string]>([
  ["knows no such token", async () => clusterInfo(AUTHORITY, () => undefined), "The cluster does not know the token abcdef"],
  ["has no cluster-info yet", async () => ({}), "The cluster does not know the token abcdef"],
  [
    "signs with another secret",
    async () => clusterInfo(AUTHORITY, (content) => signDetached(content, { ...TOKEN, secret: "ffffffffffffffff" })),
    "its second half does not fit",
  ],
  ["signs something else", async () => clusterInfo(AUTHORITY, () => signDetached("other", TOKEN)), "its second half does not fit"],
  ["names no authority", async () => clusterInfo(""), "cluster-info names no certificate authority"],
  [
    "is no cluster that can be joined",
    async () => Promise.reject(notFound({ kind: "configmaps", name: "cluster-info" })),
    'does not let machines join: configmaps "cluster-info" not found',
  ],
  ["does not answer", async () => Promise.reject(new Error("connect ECONNREFUSED")), "cannot be reached: connect ECONNREFUSED."],
])("refuses a server that %s", async (_what, read, expected) => {
  const answer = await discover(read);
  expect(answer).toContain(expected);
  expect(answer).not.toContain("(no next step)");
});

it("refuses an authority that is not pinned, though the token vouches for it", async () => {
  const answer = await discover(async () => clusterInfo(), authorityHashes(authorityOf()));
  expect(answer).toContain(`its public key has the hash ${authorityHashes(AUTHORITY)[0]}`);
});

it("refuses a server whose certificate does not fit, or that tells another story then", async () => {
  const mismatch = async (authorityPem?: string): Promise<ConfigMap> => {
    if (authorityPem !== undefined) throw new Error("Hostname/IP does not match certificate's altnames");
    return clusterInfo();
  };
  expect(await discover(mismatch)).toContain("does not show a certificate that fits: Hostname/IP does not match");
  const other = authorityOf();
  const story = async (authorityPem?: string): Promise<ConfigMap> => clusterInfo(authorityPem === undefined ? AUTHORITY : other);
  expect(await discover(story)).toContain("cluster-info changed while it was read");
});
