import type { Pod } from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { expect, it } from "vitest";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { ServiceAccountAdmission } from "./service-account.ts";
import { admit, testRequest } from "./test-request.ts";

const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

function setUp(account: object = {}) {
  const host = testHost();
  const reader = new MemoryObjectReader()
    .put(RESOURCES.serviceAccounts, { metadata: { namespace: "default", name: "default" }, ...account })
    .put(RESOURCES.serviceAccounts, { metadata: { namespace: "default", name: "builder" }, automountServiceAccountToken: false });
  return { host, reader, plugin: new ServiceAccountAdmission(host, reader) };
}

const pod = (spec: object = {}, metadata: object = {}): Pod => ({
  metadata: { name: "web", ...metadata },
  spec: { containers: [{ name: "c" }], ...spec },
});

it("mounts token, authority and namespace into every container", async () => {
  const { plugin } = setUp();
  const { spec } = await admit<Pod>(plugin, testRequest({ kind: "Pod", object: pod({ initContainers: [{ name: "i" }] }) }));
  const volume = spec?.volumes?.[0];
  expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
  expect(volume?.projected).toEqual({
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
    ],
  });
  const mount = { name: volume?.name, readOnly: true, mountPath: MOUNT_PATH };
  expect(spec?.containers[0]?.volumeMounts).toEqual([mount]);
  expect(spec?.initContainers?.[0]?.volumeMounts).toEqual([mount]);
  expect(spec).toMatchObject({ serviceAccountName: "default", serviceAccount: "default" });
});

it.each<[string, object]>([
  ["the pod says so", { automountServiceAccountToken: false }],
  ["the account says so", { serviceAccountName: "builder" }],
  ["something is mounted there", { containers: [{ name: "c", volumeMounts: [{ name: "own", mountPath: MOUNT_PATH }] }] }],
])("mounts nothing when %s", async (_name, spec) => {
  const { plugin } = setUp();
  expect((await admit<Pod>(plugin, testRequest({ kind: "Pod", object: pod(spec) }))).spec?.volumes).toBeUndefined();
});

it("lets the pod overrule the account, and uses the deprecated field", async () => {
  const { plugin } = setUp();
  const { spec } = await admit<Pod>(
    plugin,
    testRequest({ kind: "Pod", object: pod({ serviceAccount: "builder", automountServiceAccountToken: true }) }),
  );
  expect(spec?.serviceAccountName).toBe("builder");
  expect(spec?.volumes).toHaveLength(1);
});

it("does not mount twice when it runs again", async () => {
  const { plugin } = setUp();
  const request = testRequest({ kind: "Pod", object: pod() });
  await admit(plugin, request);
  (request.object as Pod).spec?.containers.push({ name: "injected" });
  const { spec } = await admit<Pod>(plugin, request);
  expect(spec?.volumes).toHaveLength(1);
  expect(spec?.containers[1]?.volumeMounts?.[0]?.name).toBe(spec?.volumes?.[0]?.name);
});

it("takes pull secrets of the account unless the pod has its own", async () => {
  const { plugin } = setUp({ imagePullSecrets: [{ name: "registry" }] });
  const pullSecrets = async (spec: object): Promise<unknown> =>
    (await admit<Pod>(plugin, testRequest({ kind: "Pod", object: pod(spec) }))).spec?.imagePullSecrets;
  expect(await pullSecrets({})).toEqual([{ name: "registry" }]);
  expect(await pullSecrets({ imagePullSecrets: [{ name: "own" }] })).toEqual([{ name: "own" }]);
});

it("refuses an account that is not there", async () => {
  const { plugin } = setUp();
  await expect(admit(plugin, testRequest({ kind: "Pod", object: pod({ serviceAccountName: "x" }) }))).rejects.toThrow(
    'pods "web" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
  );
});

it("waits a moment for the default account of a new namespace", async () => {
  const { host, reader, plugin } = setUp();
  const admitted = admit<Pod>(plugin, testRequest({ kind: "Pod", namespace: "new", object: pod() }));
  await host.clock.advance(300);
  reader.put(RESOURCES.serviceAccounts, { metadata: { namespace: "new", name: "default" } });
  await host.clock.advance(200);
  expect((await admitted).spec?.serviceAccountName).toBe("default");
});

it("leaves mirror pods alone and lets them use nothing", async () => {
  const { plugin } = setUp();
  const annotations = { "kubernetes.io/config.mirror": "x" };
  const mirror = (spec: object): Promise<Pod> => admit(plugin, testRequest({ kind: "Pod", object: pod(spec, { annotations }) }));
  expect((await mirror({})).spec?.serviceAccountName).toBeUndefined();
  await expect(mirror({ serviceAccountName: "default" })).rejects.toThrow("a mirror pod may not reference service accounts");
  await expect(mirror({ volumes: [{ name: "v", secret: { secretName: "s" } }] })).rejects.toThrow("a mirror pod may not reference secrets");
});

it("holds pods to the secrets of an account that asks for it", async () => {
  const annotated = {
    metadata: { namespace: "default", name: "default", annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } },
    secrets: [{ name: "ok" }],
  };
  const { plugin } = setUp(annotated);
  const withSecret = (name: string): Promise<Pod> =>
    admit(plugin, testRequest({ kind: "Pod", object: pod({ volumes: [{ name: "v", secret: { secretName: name } }] }) }));
  await withSecret("ok");
  await expect(withSecret("other")).rejects.toThrow(
    'volume with secret.secretName="other" is not allowed because service account default does not reference that secret',
  );
});
