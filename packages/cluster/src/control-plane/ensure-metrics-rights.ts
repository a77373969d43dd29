import { clusterRoleKind, type ClusterRole } from "@skiff/api";
import { ensureObject } from "@skiff/apiserver";
import type { Client } from "@skiff/client";

/** Who may look at workloads may see what they use, as with upstream's metrics-server. */
export async function ensureMetricsRights(admin: Client): Promise<void> {
  const collected = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;
  const role: ClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: {
      name: "system:aggregated-metrics-reader",
      labels: { [collected("view")]: "true", [collected("edit")]: "true", [collected("admin")]: "true" },
    },
    rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] }],
  };
  await ensureObject(admin, clusterRoleKind, role);
}
