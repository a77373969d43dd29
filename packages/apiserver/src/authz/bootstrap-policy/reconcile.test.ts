import { alreadyExists, type ApiRequest, type ClusterRole, type ClusterRoleBinding, type KubeObject, type Transport } from "@skiff/api";
import { Client } from "@skiff/client";
import { expect, it } from "vitest";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { reconcileBootstrapPolicy } from "./reconcile.ts";

/** Enough of an API server for creating, listing and replacing. */
class Objects implements Transport {
  readonly stored = new Map<string, KubeObject>();
  writes = 0;

  async request({ method, path, body }: ApiRequest): Promise<{ status: number; headers: Record<string, string>; body: unknown }> {
    await Promise.resolve();
    const object = body as KubeObject;
    if (method === "GET")
      return this.#answer({ items: [...this.stored].filter(([key]) => this.#isIn(key, path)).map(([, value]) => value) });
    if (method === "DELETE") this.stored.delete(path);
    else {
      const key = method === "POST" ? `${path}/${encodeURIComponent(object.metadata?.name ?? "")}` : path;
      if (method === "POST" && this.stored.has(key)) throw alreadyExists({ kind: "x" });
      this.stored.set(key, object);
    }
    this.writes++;
    return this.#answer(object);
  }

  /** Lists of namespaced kinds are asked for without a namespace. */
  #isIn(key: string, path: string): boolean {
    const segments = key.split("/");
    return segments.at(-2) === path.split("/").at(-1);
  }

  #answer(body: unknown): { status: number; headers: Record<string, string>; body: unknown } {
    return { status: 200, headers: {}, body };
  }

  watch = (): never => {
    throw new Error("not used");
  };
  stream = this.watch;
}

const ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

it("creates everything once", async () => {
  const objects = new Objects();
  await reconcileBootstrapPolicy(new Client(objects));
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = DEFAULT_POLICY;
  expect(objects.stored.size).toBe(clusterRoles.length + clusterRoleBindings.length + roles.length + roleBindings.length);
  expect(objects.stored.get(`${ROLES}/view`)?.metadata).toMatchObject({
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", "rbac.authorization.k8s.io/aggregate-to-edit": "true" },
    annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  });
  objects.writes = 0;
  await reconcileBootstrapPolicy(new Client(objects));
  expect(objects.writes).toBe(0);
});

it("puts right what was taken away, keeps what was added, and leaves alone what is not to be touched", async () => {
  const objects = new Objects();
  const client = new Client(objects);
  await reconcileBootstrapPolicy(client);
  const change = (key: string, edit: (object: ClusterRoleBinding) => object): void =>
    void objects.stored.set(key, { ...objects.stored.get(key), ...edit(objects.stored.get(key) as ClusterRoleBinding) });
  const extra = { verbs: ["get"], apiGroups: ["example.com"], resources: ["widgets"] };
  change(`${ROLES}/system%3Akube-dns`, () => ({ rules: [extra] }));
  change(`${ROLES}/system%3Anode`, ({ metadata }) => ({
    rules: [],
    metadata: { ...metadata, annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } },
  }));
  const jane = { kind: "User", name: "jane" };
  change(`${BINDINGS}/system%3Adiscovery`, () => ({ subjects: [jane] }));
  change(`${BINDINGS}/system%3Abasic-user`, ({ roleRef }) => ({ roleRef: { ...roleRef, name: "cluster-admin" } }));
  objects.stored.delete(`${ROLES}/view`);
  await reconcileBootstrapPolicy(client);
  expect((objects.stored.get(`${ROLES}/system%3Akube-dns`) as ClusterRole).rules).toEqual([
    extra,
    { verbs: ["list", "watch"], apiGroups: [""], resources: ["endpoints"] },
    { verbs: ["list", "watch"], apiGroups: [""], resources: ["services"] },
  ]);
  expect((objects.stored.get(`${ROLES}/system%3Anode`) as ClusterRole).rules).toEqual([]);
  expect((objects.stored.get(`${BINDINGS}/system%3Adiscovery`) as ClusterRoleBinding).subjects?.map(({ name }) => name)).toEqual([
    "jane",
    "system:authenticated",
  ]);
  expect((objects.stored.get(`${BINDINGS}/system%3Abasic-user`) as ClusterRoleBinding).roleRef.name).toBe("system:basic-user");
  expect(objects.stored.has(`${ROLES}/view`)).toBe(true);
});
