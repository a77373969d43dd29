import {
  clusterRoleBindingKind,
  clusterRoleKind,
  configMapKind,
  NODE_TOKEN_GROUP,
  roleBindingKind,
  roleKind,
  type PolicyRule,
  type Subject,
} from "@skiff/api";
import { ensureObject } from "@skiff/apiserver";
import type { Client } from "@skiff/client";
import { CLUSTER_INFO } from "@skiff/controllers";
import { NODE_CONFIG, type NodeConfig } from "../join/node-config.ts";
import { NODE_CERTIFICATE_PERMISSIONS } from "./node-certificates.ts";

const RBAC = "rbac.authorization.k8s.io";
const CERTIFICATES = "system:certificates.k8s.io:certificatesigningrequests";

/** Who approves requests for certificates by rules; upstream's policy lets it do so for kubelets' client certificates only. */
const APPROVER: Subject = { kind: "ServiceAccount", namespace: "kube-system", name: "certificate-controller" };

/**
 * What machines that join need in a cluster: to read `cluster-info` without credentials, to ask with a token for the
 * certificate of a node, and as a node for the others. Names and rights are kubeadm's as far as it has them, so that tokens
 * made by `kubeadm token` work too. `config` is what joining machines are told of the cluster.
 */
export async function ensureJoining(admin: Client, config: NodeConfig): Promise<void> {
  const tokens = group(NODE_TOKEN_GROUP);
  const nodes = group("system:nodes");
  const own: PolicyRule[] = [
    {
      apiGroups: ["certificates.k8s.io"],
      resources: Object.values(NODE_CERTIFICATE_PERMISSIONS).map((permission) => `certificatesigningrequests/${permission}`),
      verbs: ["create"],
    },
  ];
  await Promise.all([
    bindClusterRole(admin, "kubeadm:kubelet-bootstrap", "system:node-bootstrapper", tokens),
    bindClusterRole(admin, "kubeadm:node-autoapprove-bootstrap", `${CERTIFICATES}:nodeclient`, tokens),
    bindClusterRole(admin, "kubeadm:node-autoapprove-certificate-rotation", `${CERTIFICATES}:selfnodeclient`, nodes),
    ensureObject(admin, clusterRoleKind, {
      metadata: { name: "kubeadm:get-nodes" },
      rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }],
    }),
    bindClusterRole(admin, "kubeadm:get-nodes", "kubeadm:get-nodes", tokens),
    ensureObject(admin, clusterRoleKind, { metadata: { name: "skiff:node-certificates" }, rules: own }),
    bindClusterRole(admin, "skiff:node-certificates", "skiff:node-certificates", nodes),
    ...["kubelet-serving", "kube-apiserver-client"].map((signer) =>
      bindClusterRole(admin, `skiff:${signer}-approver`, `system:certificates.k8s.io:${signer}-approver`, APPROVER),
    ),
    letRead(admin, "kubeadm:bootstrap-signer-clusterinfo", CLUSTER_INFO, [{ kind: "User", apiGroup: RBAC, name: "system:anonymous" }]),
    letRead(admin, "skiff:node-config", NODE_CONFIG, [tokens, nodes]),
    ensureNodeConfig(admin, config),
  ]);
}

async function ensureNodeConfig(admin: Client, config: NodeConfig): Promise<void> {
  const data = { [NODE_CONFIG.key]: JSON.stringify(config) };
  const { namespace, name } = NODE_CONFIG;
  await ensureObject(admin, configMapKind, { metadata: { namespace, name }, data }, (existing) =>
    existing.data?.[NODE_CONFIG.key] === data[NODE_CONFIG.key] ? undefined : { ...existing, data },
  );
}

async function letRead(
  admin: Client,
  name: string,
  configMap: { readonly namespace: string; readonly name: string },
  subjects: Subject[],
): Promise<void> {
  const metadata = { name, namespace: configMap.namespace };
  const rules = [{ apiGroups: [""], resources: ["configmaps"], resourceNames: [configMap.name], verbs: ["get"] }];
  await Promise.all([
    ensureObject(admin, roleKind, { metadata, rules }),
    ensureObject(admin, roleBindingKind, { metadata, roleRef: { apiGroup: RBAC, kind: "Role", name }, subjects }),
  ]);
}

async function bindClusterRole(admin: Client, name: string, role: string, subject: Subject): Promise<void> {
  const roleRef = { apiGroup: RBAC, kind: "ClusterRole", name: role };
  await ensureObject(admin, clusterRoleBindingKind, { metadata: { name }, roleRef, subjects: [subject] });
}

function group(name: string): Subject {
  return { kind: "Group", apiGroup: RBAC, name };
}
