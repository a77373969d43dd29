import type { ClusterRole, PolicyRule } from "@skiff/api";
import { EVENTS, aggregateTo, aggregatedClusterRole, clusterRole, rule, urls } from "./policy-notation.ts";

/** Paths that say whether a server is well and which version it is. */
const HEALTH_AND_VERSION = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

/** What every kubelet may do; the Node authorizer narrows it down to the node's own objects. */
export const NODE_RULES: readonly PolicyRule[] = [
  rule("create", "authentication.k8s.io", "tokenreviews"),
  rule("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
  rule("read", "core", "services"),
  rule("create get list watch", "core", "nodes"),
  rule("patch update", "core", "nodes/status"),
  rule("patch update", "core", "nodes"),
  rule("create patch update", "core", "events"),
  rule("read", "core", "pods"),
  rule("create delete", "core", "pods"),
  rule("patch update", "core", "pods/status"),
  rule("create", "core", "pods/eviction"),
  rule("read", "core", "configmaps secrets"),
  rule("get", "core", "persistentvolumeclaims persistentvolumes"),
  rule("get", "core", "endpoints"),
  rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
  rule("create delete get patch update", "coordination.k8s.io", "leases"),
  rule("get", "storage.k8s.io", "volumeattachments"),
  rule("create", "core", "serviceaccounts/token"),
  rule("get patch update", "core", "persistentvolumeclaims/status"),
  rule("read", "storage.k8s.io", "csidrivers"),
  rule("create delete get patch update", "storage.k8s.io", "csinodes"),
  rule("read", "node.k8s.io", "runtimeclasses"),
  rule("get", "resource.k8s.io", "resourceclaims"),
  rule("deletecollection", "resource.k8s.io", "resourceslices"),
];

/** Roles for people: everything, a namespace's administration, its use, a look at it. */
const USER_ROLES: readonly ClusterRole[] = [
  clusterRole("cluster-admin", [rule("*", "*", "*"), urls("*", "*")]),
  aggregatedClusterRole("admin", "admin"),
  aggregatedClusterRole("edit", "edit", aggregateTo("admin")),
  aggregatedClusterRole("view", "view", aggregateTo("edit")),
  clusterRole(
    "system:aggregate-to-admin",
    [rule("create", "authorization.k8s.io", "localsubjectaccessreviews"), rule("all", "rbac.authorization.k8s.io", "rolebindings roles")],
    aggregateTo("admin"),
  ),
  clusterRole(
    "system:aggregate-to-edit",
    [
      rule("read", "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
      rule("impersonate", "core", "serviceaccounts"),
      rule("write", "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
      rule("create", "core", "pods/eviction"),
      rule(
        "write",
        "core",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
      ),
      rule("create", "core", "serviceaccounts/token"),
      rule(
        "write",
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
      ),
      rule("write", "autoscaling", "horizontalpodautoscalers"),
      rule("write", "batch", "cronjobs jobs"),
      rule(
        "write",
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
      ),
      rule("write", "policy", "poddisruptionbudgets"),
      rule("write", "networking.k8s.io", "ingresses networkpolicies"),
      rule("all", "coordination.k8s.io", "leases"),
      rule("write", "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
    ],
    aggregateTo("edit"),
  ),
  clusterRole(
    "system:aggregate-to-view",
    [
      rule(
        "read",
        "core",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
      ),
      rule(
        "read",
        "core",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
      ),
      rule("read", "core", "namespaces"),
      rule("read", "discovery.k8s.io", "endpointslices"),
      rule(
        "read",
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
      ),
      rule("read", "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
      rule("read", "batch", "cronjobs cronjobs/status jobs jobs/status"),
      rule(
        "read",
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
      ),
      rule("read", "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
      rule("read", "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
      rule("read", "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
    ],
    aggregateTo("view"),
  ),
];

/** Roles that come with being known, or not known, to the cluster. */
const BASIC_ROLES: readonly ClusterRole[] = [
  clusterRole("system:basic-user", [
    rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
    rule("create", "authentication.k8s.io", "selfsubjectreviews"),
  ]),
  clusterRole("system:discovery", [urls("get", ...HEALTH_AND_VERSION, "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*")]),
  clusterRole("system:public-info-viewer", [urls("get", ...HEALTH_AND_VERSION)]),
  clusterRole("system:monitoring", [
    urls("get", "/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"),
    urls("get", "/flagz"),
    urls("get", "/statusz"),
  ]),
  clusterRole("system:service-account-issuer-discovery", [
    urls("get", "/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"),
  ]),
  clusterRole("system:auth-delegator", [
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
  ]),
  clusterRole("system:heapster", [rule("read", "core", "events namespaces nodes pods"), rule("read", "extensions", "deployments")]),
];

const CONTROL_PLANE_ROLES: readonly ClusterRole[] = [
  clusterRole("system:kube-aggregator", [rule("read", "core", "endpoints services")]),
  clusterRole("system:kube-controller-manager", [
    EVENTS,
    rule("create", "coordination.k8s.io", "leases"),
    rule("get update", "coordination.k8s.io", "leases", ["kube-controller-manager"]),
    rule("create", "core", "secrets serviceaccounts"),
    rule("delete", "core", "secrets"),
    rule("get", "core", "configmaps namespaces secrets serviceaccounts"),
    rule("update", "core", "secrets serviceaccounts"),
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    rule("list watch", "*", "*"),
    rule("create", "core", "serviceaccounts/token"),
  ]),
  clusterRole("system:kube-dns", [rule("list watch", "core", "endpoints services")]),
  clusterRole("system:kube-scheduler", [
    EVENTS,
    rule("create", "coordination.k8s.io", "leases"),
    rule("get list update watch", "coordination.k8s.io", "leases", ["kube-scheduler"]),
    rule("all", "coordination.k8s.io", "leasecandidates"),
    rule("read", "core", "nodes"),
    rule("delete get list watch", "core", "pods"),
    rule("create", "core", "bindings pods/binding"),
    rule("patch update", "core", "pods/status"),
    rule("read", "core", "replicationcontrollers services"),
    rule("read", "apps extensions", "replicasets"),
    rule("read", "apps", "statefulsets"),
    rule("read", "policy", "poddisruptionbudgets"),
    rule("read", "core", "persistentvolumeclaims persistentvolumes"),
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    rule("read", "storage.k8s.io", "csinodes"),
    rule("read", "storage.k8s.io", "volumeattachments"),
    rule("read", "core", "namespaces"),
    rule("read", "storage.k8s.io", "csidrivers"),
    rule("read", "storage.k8s.io", "csistoragecapacities"),
    rule("read", "resource.k8s.io", "deviceclasses"),
    rule("get list patch update watch", "resource.k8s.io", "resourceclaims"),
    rule("get list patch update watch", "resource.k8s.io", "resourceclaims/status"),
    rule("get list patch update watch", "core", "pods/finalizers"),
    rule("read", "resource.k8s.io", "resourceslices"),
  ]),
  clusterRole("system:volume-scheduler", [
    rule("get list patch update watch", "core", "persistentvolumes"),
    rule("read", "storage.k8s.io", "storageclasses"),
    rule("get list patch update watch", "core", "persistentvolumeclaims"),
  ]),
];

const NODE_ROLES: readonly ClusterRole[] = [
  clusterRole("system:kubelet-api-admin", [
    rule("read", "core", "nodes"),
    rule("proxy", "core", "nodes"),
    rule("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
    rule("*", "core", "nodes/configz nodes/healthz nodes/pods"),
  ]),
  clusterRole("system:node", NODE_RULES),
  clusterRole("system:node-bootstrapper", [rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests")]),
  clusterRole("system:node-problem-detector", [rule("get", "core", "nodes"), rule("patch", "core", "nodes/status"), EVENTS]),
  clusterRole("system:node-proxier", [
    rule("list watch", "core", "endpoints services"),
    rule("read", "core", "nodes"),
    EVENTS,
    rule("list watch", "networking.k8s.io", "servicecidrs"),
    rule("list watch", "discovery.k8s.io", "endpointslices"),
  ]),
  clusterRole("system:persistent-volume-provisioner", [
    rule("create delete get list watch", "core", "persistentvolumes"),
    rule("get list update watch", "core", "persistentvolumeclaims"),
    rule("read", "storage.k8s.io", "storageclasses"),
    rule("watch", "core", "events"),
    EVENTS,
  ]),
];

const CERTIFICATE_ROLES: readonly ClusterRole[] = [
  ...["nodeclient", "selfnodeclient"].map((permission) =>
    clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${permission}`, [
      rule("create", "certificates.k8s.io", `certificatesigningrequests/${permission}`),
    ]),
  ),
  ...["kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown"].map((signer) =>
    clusterRole(`system:certificates.k8s.io:${signer}-approver`, [
      rule("approve", "certificates.k8s.io", "signers", [`kubernetes.io/${signer}`]),
    ]),
  ),
];

/** The ClusterRoles of the default policy, those of controllers aside. */
export const CLUSTER_ROLES: readonly ClusterRole[] = [
  ...USER_ROLES,
  ...BASIC_ROLES,
  ...CONTROL_PLANE_ROLES,
  ...NODE_ROLES,
  ...CERTIFICATE_ROLES,
];
