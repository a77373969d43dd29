import {
  clusterRoleBindingKind,
  clusterRoleKind,
  DEFAULT_CLASS_ANNOTATION,
  isStatus,
  LOCAL_PROVISIONER,
  semanticEqual,
  storageClassKind,
  type ClusterRole,
  type ClusterRoleBinding,
  type StorageClass,
} from "@skiff/api";
import { ensureObject } from "@skiff/apiserver";
import type { Client } from "@skiff/client";
import { NODE_SERVICES_GROUP } from "../manage/identities.ts";

const RBAC = "rbac.authorization.k8s.io";

/** The class that claims get which name none, as in most local clusters. */
const STANDARD: StorageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "standard", annotations: { [DEFAULT_CLASS_ANNOTATION]: "true" } },
  provisioner: LOCAL_PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
  allowVolumeExpansion: true,
};

/**
 * Storage that works from the start: the default StorageClass, and the right of nodes to make and remove the volumes of
 * their directories. The class comes with a new cluster, which has no such role yet; somebody who deletes it later, or
 * makes another one the default, is not overruled.
 */
export async function ensureLocalStorage(admin: Client): Promise<void> {
  const name = "skiff:local-volumes";
  const role: ClusterRole = {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name },
    rules: [
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: ["get", "list", "watch", "create", "update", "delete"] },
      { apiGroups: [""], resources: ["persistentvolumeclaims", "nodes"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["persistentvolumeclaims/status"], verbs: ["update"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      { apiGroups: ["storage.k8s.io"], resources: ["storageclasses", "csidrivers"], verbs: ["get", "list", "watch"] },
    ],
  };
  const binding: ClusterRoleBinding = {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
    subjects: [{ kind: "Group", apiGroup: RBAC, name: NODE_SERVICES_GROUP }],
  };
  if (await isMissing(admin, name)) await ensureObject(admin, storageClassKind, STANDARD);
  await ensureObject(admin, clusterRoleKind, role, (existing) =>
    semanticEqual(existing.rules, role.rules) ? undefined : { ...existing, rules: role.rules },
  );
  await ensureObject(admin, clusterRoleBindingKind, binding);
}

async function isMissing(admin: Client, clusterRole: string): Promise<boolean> {
  try {
    await admin.resource(clusterRoleKind).get({ name: clusterRole });
    return false;
  } catch (error) {
    if (isStatus(error, "NotFound")) return true;
    throw error;
  }
}
