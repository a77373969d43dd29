import { isStatus, type ClusterRole, type KubeObject, type PolicyRule, type Resource, type RoleBinding, type Subject } from "@skiff/api";
import type { Client, ResourceClient } from "@skiff/client";
import { missingRights } from "../rbac/rule-covers.ts";
import { DEFAULT_POLICY, type BootstrapPolicy } from "./default-policy.ts";
import { AUTOUPDATE_ANNOTATION } from "./policy-notation.ts";

type AnyRole = ClusterRole;
type AnyBinding = RoleBinding;

function resource<T extends KubeObject>(kind: string, plural: string, namespaced: boolean): Resource<T> {
  return { group: "rbac.authorization.k8s.io", version: "v1", kind, plural, namespaced };
}

/** Two writers may meet (several API servers start at once); after this many conflicts over one object it is an error. */
const MAX_ATTEMPTS = 5;

/**
 * Creates what is missing of the default policy and puts right what was taken away from it. Rules and subjects that
 * people added stay; objects annotated `rbac.authorization.kubernetes.io/autoupdate: "false"` are left alone.
 * The namespaces `kube-system` and `kube-public` must be there.
 *
 * Errors: rejects with the first error of the API server.
 */
export async function reconcileBootstrapPolicy(client: Client, policy: BootstrapPolicy = DEFAULT_POLICY): Promise<void> {
  await Promise.all([
    reconcileAll(client.resource(resource<AnyRole>("ClusterRole", "clusterroles", false)), policy.clusterRoles, repairRole),
    reconcileAll(client.resource(resource<AnyRole>("Role", "roles", true)), policy.roles, repairRole),
  ]);
  await Promise.all([
    reconcileAll(
      client.resource(resource<AnyBinding>("ClusterRoleBinding", "clusterrolebindings", false)),
      policy.clusterRoleBindings as readonly AnyBinding[],
      repairBinding,
    ),
    reconcileAll(client.resource(resource<AnyBinding>("RoleBinding", "rolebindings", true)), policy.roleBindings, repairBinding),
  ]);
}

/** What to store instead of what is there; `undefined` when nothing is wrong, `recreate` when it cannot be changed. */
type Repair<T> = (existing: T, wanted: T) => T | "recreate" | undefined;

async function reconcileAll<T extends KubeObject>(client: ResourceClient<T>, wanted: readonly T[], repair: Repair<T>): Promise<void> {
  const { items } = await client.list();
  const keyOf = (object: T): string => `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;
  const existing = new Map(items.map((item) => [keyOf(item), item]));
  await Promise.all(wanted.map((object) => reconcileOne(client, object, existing.get(keyOf(object)), repair)));
}

async function reconcileOne<T extends KubeObject>(
  client: ResourceClient<T>,
  wanted: T,
  known: T | undefined,
  repair: Repair<T>,
): Promise<void> {
  const { name = "", namespace } = wanted.metadata ?? {};
  let existing = known;
  for (let attempt = 1; ; attempt++) {
    try {
      if (existing === undefined) {
        await client.create(wanted);
        return;
      }
      if (existing.metadata?.annotations?.[AUTOUPDATE_ANNOTATION] === "false") return;
      const repaired = repair(existing, wanted);
      if (repaired === undefined) return;
      if (repaired !== "recreate") {
        await client.update(repaired);
        return;
      }
      await client.delete({ namespace, name }, { preconditions: { uid: existing.metadata?.uid } });
      existing = undefined;
    } catch (error) {
      if (!isStatus(error, "AlreadyExists", "Conflict", "NotFound") || attempt >= MAX_ATTEMPTS) throw error;
      existing = await getOrNothing(client, { namespace, name });
    }
  }
}

async function getOrNothing<T extends KubeObject>(
  client: ResourceClient<T>,
  ref: { namespace?: string; name: string },
): Promise<T | undefined> {
  try {
    return await client.get(ref);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function repairRole(existing: AnyRole, wanted: AnyRole): AnyRole | undefined {
  const metadata = repairMetadata(existing, wanted);
  // The rules of an aggregated role belong to the aggregation controller.
  const missing: PolicyRule[] = wanted.aggregationRule === undefined ? missingRights(existing.rules ?? [], wanted.rules ?? []) : [];
  const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
  const missingSelectors = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !selectors.some((other) => JSON.stringify(other) === JSON.stringify(selector)),
  );
  if (metadata === undefined && missing.length === 0 && missingSelectors.length === 0) return undefined;
  return {
    ...existing,
    metadata: metadata ?? existing.metadata,
    ...(missing.length > 0 ? { rules: [...(existing.rules ?? []), ...missing] } : {}),
    ...(missingSelectors.length > 0 ? { aggregationRule: { clusterRoleSelectors: [...selectors, ...missingSelectors] } } : {}),
  };
}

function repairBinding(existing: AnyBinding, wanted: AnyBinding): AnyBinding | "recreate" | undefined {
  const { roleRef } = existing;
  if (roleRef.kind !== wanted.roleRef.kind || roleRef.name !== wanted.roleRef.name) return "recreate";
  const metadata = repairMetadata(existing, wanted);
  const same = (a: Subject, b: Subject): boolean => a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
  const missing = (wanted.subjects ?? []).filter((subject) => !(existing.subjects ?? []).some((other) => same(other, subject)));
  if (metadata === undefined && missing.length === 0) return undefined;
  return {
    ...existing,
    metadata: metadata ?? existing.metadata,
    ...(missing.length > 0 ? { subjects: [...(existing.subjects ?? []), ...missing] } : {}),
  };
}

/** The metadata with labels and annotations that were missing or changed; `undefined` when none were. */
function repairMetadata(existing: KubeObject, wanted: KubeObject): KubeObject["metadata"] | undefined {
  const labels = { ...existing.metadata?.labels, ...wanted.metadata?.labels };
  const annotations = { ...wanted.metadata?.annotations, ...existing.metadata?.annotations };
  const changed = (now: Readonly<Record<string, string>>, before: Readonly<Record<string, string>> = {}): boolean =>
    Object.entries(now).some(([key, value]) => before[key] !== value);
  if (!changed(labels, existing.metadata?.labels) && !changed(annotations, existing.metadata?.annotations)) return undefined;
  return { ...existing.metadata, labels, annotations };
}
