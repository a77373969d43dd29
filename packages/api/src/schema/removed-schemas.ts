import type { Schema } from "./schema.ts";

/** How a definition of a version that upstream has removed comes from a present one. */
interface Derivation {
  /** The present definition, below `io.k8s.api.`. */
  readonly base: string;
  /** Fields that are others than there; `undefined` takes a field away. */
  readonly fields?: Readonly<Record<string, Schema | undefined>>;
  /** Fields that are required there and were not then. */
  readonly optional?: readonly string[];
}

const API = "io.k8s.api.";

const ref = (name: string): Schema => ({ ref: API + name });
const atomicList = (item: string): Schema => ({ type: "array", items: ref(item), listType: "atomic" });

const INGRESS: Derivation = { base: "networking.v1.Ingress", fields: { spec: ref("networking.v1beta1.IngressSpec") } };

/** Definitions that differ from the present ones by more than their name. Their names are below `io.k8s.api.`. */
const CHANGED: Readonly<Record<string, Derivation>> = {
  "extensions.v1beta1.Deployment": { base: "apps.v1.Deployment", fields: { spec: ref("extensions.v1beta1.DeploymentSpec") } },
  "extensions.v1beta1.DeploymentSpec": { base: "apps.v1.DeploymentSpec", optional: ["selector"] },
  "extensions.v1beta1.ReplicaSet": { base: "apps.v1.ReplicaSet", fields: { spec: ref("extensions.v1beta1.ReplicaSetSpec") } },
  "extensions.v1beta1.ReplicaSetSpec": { base: "apps.v1.ReplicaSetSpec", optional: ["selector"] },
  "extensions.v1beta1.DaemonSet": { base: "apps.v1.DaemonSet", fields: { spec: ref("extensions.v1beta1.DaemonSetSpec") } },
  "extensions.v1beta1.DaemonSetSpec": {
    base: "apps.v1.DaemonSetSpec",
    optional: ["selector"],
    fields: {
      templateGeneration: {
        type: "integer",
        format: "int64",
        description: "DEPRECATED. A sequence number of the template, which the system counts up. It can be set only on creation.",
      },
    },
  },
  "apps.v1beta1.Deployment": { base: "apps.v1.Deployment", fields: { spec: ref("extensions.v1beta1.DeploymentSpec") } },
  "apps.v1beta1.StatefulSet": { base: "apps.v1.StatefulSet", fields: { spec: ref("apps.v1beta1.StatefulSetSpec") } },
  "apps.v1beta1.StatefulSetSpec": { base: "apps.v1.StatefulSetSpec", optional: ["selector"] },
  "extensions.v1beta1.Ingress": INGRESS,
  "networking.v1beta1.Ingress": INGRESS,
  "networking.v1beta1.IngressSpec": {
    base: "networking.v1.IngressSpec",
    fields: {
      defaultBackend: undefined,
      backend: {
        ...ref("networking.v1beta1.IngressBackend"),
        description: "The backend of requests that no rule matches. At least one of 'backend' and 'rules' must be specified.",
      },
      rules: atomicList("networking.v1beta1.IngressRule"),
    },
  },
  "networking.v1beta1.IngressRule": {
    base: "networking.v1.IngressRule",
    fields: { http: ref("networking.v1beta1.HTTPIngressRuleValue") },
  },
  "networking.v1beta1.HTTPIngressRuleValue": {
    base: "networking.v1.HTTPIngressRuleValue",
    fields: { paths: atomicList("networking.v1beta1.HTTPIngressPath") },
  },
  "networking.v1beta1.HTTPIngressPath": {
    base: "networking.v1.HTTPIngressPath",
    optional: ["pathType"],
    fields: { backend: ref("networking.v1beta1.IngressBackend") },
  },
  "networking.v1beta1.IngressBackend": {
    base: "networking.v1.IngressBackend",
    fields: {
      service: undefined,
      serviceName: { type: "string", description: "The name of the referenced Service." },
      servicePort: {
        ref: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        description: "The port of the referenced Service: its number or its name.",
      },
    },
  },
  "certificates.v1beta1.CertificateSigningRequest": {
    base: "certificates.v1.CertificateSigningRequest",
    fields: {
      spec: ref("certificates.v1beta1.CertificateSigningRequestSpec"),
      status: ref("certificates.v1beta1.CertificateSigningRequestStatus"),
    },
  },
  "certificates.v1beta1.CertificateSigningRequestSpec": {
    base: "certificates.v1.CertificateSigningRequestSpec",
    optional: ["signerName"],
  },
  "certificates.v1beta1.CertificateSigningRequestStatus": {
    base: "certificates.v1.CertificateSigningRequestStatus",
    fields: {
      conditions: {
        type: "array",
        items: ref("certificates.v1beta1.CertificateSigningRequestCondition"),
        listType: "map",
        listMapKeys: ["type"],
      },
    },
  },
  "certificates.v1beta1.CertificateSigningRequestCondition": {
    base: "certificates.v1.CertificateSigningRequestCondition",
    optional: ["status"],
  },
  "rbac.v1alpha1.RoleBinding": { base: "rbac.v1.RoleBinding", fields: { subjects: atomicList("rbac.v1alpha1.Subject") } },
  "rbac.v1alpha1.ClusterRoleBinding": { base: "rbac.v1.ClusterRoleBinding", fields: { subjects: atomicList("rbac.v1alpha1.Subject") } },
  "rbac.v1alpha1.Subject": {
    base: "rbac.v1.Subject",
    fields: {
      apiGroup: undefined,
      apiVersion: { type: "string", description: "The group and version of the referenced subject." },
    },
  },
};

/** Definitions that only had another name; on the right the present one. */
const RENAMED: Readonly<Record<string, string>> = {
  "apps.v1beta1.ControllerRevision": "apps.v1.ControllerRevision",
  "apps.v1beta2.ControllerRevision": "apps.v1.ControllerRevision",
  "apps.v1beta2.DaemonSet": "apps.v1.DaemonSet",
  "apps.v1beta2.Deployment": "apps.v1.Deployment",
  "apps.v1beta2.ReplicaSet": "apps.v1.ReplicaSet",
  "apps.v1beta2.StatefulSet": "apps.v1.StatefulSet",
  "autoscaling.v2beta2.HorizontalPodAutoscaler": "autoscaling.v2.HorizontalPodAutoscaler",
  "batch.v1beta1.CronJob": "batch.v1.CronJob",
  "coordination.v1beta1.Lease": "coordination.v1.Lease",
  "extensions.v1beta1.NetworkPolicy": "networking.v1.NetworkPolicy",
  "networking.v1beta1.IngressClass": "networking.v1.IngressClass",
  "policy.v1beta1.PodDisruptionBudget": "policy.v1.PodDisruptionBudget",
  "rbac.v1alpha1.ClusterRole": "rbac.v1.ClusterRole",
  "rbac.v1alpha1.Role": "rbac.v1.Role",
  "rbac.v1beta1.ClusterRole": "rbac.v1.ClusterRole",
  "rbac.v1beta1.ClusterRoleBinding": "rbac.v1.ClusterRoleBinding",
  "rbac.v1beta1.Role": "rbac.v1.Role",
  "rbac.v1beta1.RoleBinding": "rbac.v1.RoleBinding",
  "scheduling.v1beta1.PriorityClass": "scheduling.v1.PriorityClass",
  "storage.v1beta1.StorageClass": "storage.v1.StorageClass",
};

/**
 * A definition of a version that upstream has removed, made from the present one that `find` knows; undefined for every
 * other name. Fields that came later are in it too, so that a change through an old version does not lose them.
 */
export function removedSchema(name: string, find: (name: string) => Schema | undefined): Schema | undefined {
  if (!name.startsWith(API)) return undefined;
  const short = name.slice(API.length);
  const renamed = Object.hasOwn(RENAMED, short) ? RENAMED[short] : undefined;
  const derivation = renamed === undefined ? (Object.hasOwn(CHANGED, short) ? CHANGED[short] : undefined) : { base: renamed };
  if (derivation === undefined) return undefined;
  const base = find(API + derivation.base);
  if (base === undefined) return undefined;
  const { groupVersionKinds: _kinds, required, ...rest } = base;
  const properties = new Map(base.properties);
  for (const [field, schema] of Object.entries(derivation.fields ?? {})) {
    if (schema === undefined) properties.delete(field);
    else properties.set(field, schema);
  }
  const needed = required?.filter((field) => !derivation.optional?.includes(field)) ?? [];
  const inOrder = new Map([...properties].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...rest, describedBy: API + derivation.base, properties: inOrder, ...(needed.length === 0 ? {} : { required: needed }) };
}
