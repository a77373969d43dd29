import {
  clusterRoleBindingKind,
  clusterRoleKind,
  ingressClassKind,
  roleBindingKind,
  roleKind,
  serviceKind,
  type ClusterRole,
  type PolicyRule,
} from "@skiff/api";
import { ensureObject } from "@skiff/apiserver";
import type { Client } from "@skiff/client";
import { INGRESS_CLASS, INGRESS_CONTROLLER, INGRESS_SERVICE } from "@skiff/ingress";

/** The user that the nodes' Ingress fronts act as. */
export const INGRESS_FRONT_USER = "skiff:ingress";
/** The service account, in `kube-system`, that writes where Ingresses are served. */
export const INGRESS_CONTROLLER_ACCOUNT = "ingress-controller";

const RBAC = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];

/** What the Ingress fronts and their controller need in a cluster: the default class, the Service in front of the nodes, and rights. */
export async function ensureIngress(admin: Client): Promise<void> {
  const { namespace } = INGRESS_SERVICE;
  await Promise.all([
    ensureObject(admin, ingressClassKind, {
      metadata: { name: INGRESS_CLASS, annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
      spec: { controller: INGRESS_CONTROLLER },
    }),
    ensureObject(admin, serviceKind, {
      metadata: { ...INGRESS_SERVICE, labels: { "app.kubernetes.io/name": INGRESS_SERVICE.name } },
      spec: {
        type: "LoadBalancer",
        // Each node has a front, so the client's address need not be hidden on the way to another node.
        externalTrafficPolicy: "Local",
        // Fixed node ports of users' Services must never meet ours.
        allocateLoadBalancerNodePorts: false,
        ports: [
          { name: "http", port: 80, protocol: "TCP", targetPort: 80 },
          { name: "https", port: 443, protocol: "TCP", targetPort: 443 },
        ],
      },
    }),
    grant(admin, INGRESS_FRONT_USER, { kind: "User", apiGroup: RBAC, name: INGRESS_FRONT_USER }, [
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"], verbs: READ },
      { apiGroups: [""], resources: ["secrets"], verbs: READ },
    ]),
    grant(admin, "skiff:ingress-controller", { kind: "ServiceAccount", namespace, name: INGRESS_CONTROLLER_ACCOUNT }, [
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update", "patch"] },
      { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
    ]),
    ensureObject(admin, roleKind, {
      metadata: { name: INGRESS_FRONT_USER, namespace },
      rules: [{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "create", "update", "patch"] }],
    }),
    ensureObject(admin, roleBindingKind, {
      metadata: { name: INGRESS_FRONT_USER, namespace },
      roleRef: { apiGroup: RBAC, kind: "Role", name: INGRESS_FRONT_USER },
      subjects: [{ kind: "User", apiGroup: RBAC, name: INGRESS_FRONT_USER }],
    }),
  ]);
}

type Subject = { readonly kind: string; readonly name: string; readonly apiGroup?: string; readonly namespace?: string };

async function grant(admin: Client, name: string, subject: Subject, rules: PolicyRule[]): Promise<void> {
  const role: ClusterRole = { metadata: { name }, rules };
  await ensureObject(admin, clusterRoleKind, role);
  await ensureObject(admin, clusterRoleBindingKind, {
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
    subjects: [subject],
  });
}
