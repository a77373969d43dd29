import { describe, expect, it } from "vitest";
import type { KubeObject } from "../object.ts";
import type { KindDefinition } from "../kind.ts";
import * as kinds from "../kinds/all-kinds.ts";

/** The object with its defaults. */
function defaulted<T extends KubeObject>(kind: KindDefinition<T>, object: unknown): unknown {
  const copy = structuredClone(object) as T;
  kind.applyDefaults?.(copy);
  return copy;
}

const container = { name: "c", image: "nginx:1.27" };
const filledContainer = {
  ...container,
  imagePullPolicy: "IfNotPresent",
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  resources: {},
};
const filledSpec = {
  dnsPolicy: "ClusterFirst",
  restartPolicy: "Always",
  schedulerName: "default-scheduler",
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};
const template = { metadata: { labels: { app: "a" } }, spec: { containers: [container] } };
const filledTemplate = { metadata: { labels: { app: "a" } }, spec: { ...filledSpec, containers: [filledContainer] } };

describe("Pods", () => {
  it("fill in what every Pod has", () => {
    expect(defaulted(kinds.podKind, { spec: { containers: [container] } })).toEqual({
      spec: { ...filledSpec, enableServiceLinks: true, containers: [filledContainer] },
      status: {},
    });
  });

  it.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["registry:5000/nginx", "Always"],
    ["registry:5000/nginx:1", "IfNotPresent"],
    ["nginx@sha256:0123", "IfNotPresent"],
    ["nginx:latest@sha256:0123", "Always"],
  ])("pull %s %s", (image, policy) => {
    expect(defaulted(kinds.podKind, { spec: { containers: [{ name: "c", image }] } })).toMatchObject({
      spec: { containers: [{ imagePullPolicy: policy }] },
    });
  });

  it("probes, handlers, ports and variables", () => {
    const full = {
      ...container,
      ports: [{ containerPort: 80 }],
      env: [
        { name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "B", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      ],
      livenessProbe: { httpGet: { port: 80 } },
      readinessProbe: { grpc: { port: 1 }, periodSeconds: 3 },
      lifecycle: { preStop: { httpGet: { port: "web" } } },
    };
    expect(defaulted(kinds.podKind, { spec: { containers: [full] } })).toMatchObject({
      spec: {
        containers: [
          {
            ports: [{ containerPort: 80, protocol: "TCP" }],
            env: [{ valueFrom: { fieldRef: { apiVersion: "v1" } } }, { valueFrom: { resourceFieldRef: { divisor: "0" } } }],
            livenessProbe: {
              httpGet: { port: 80, path: "/", scheme: "HTTP" },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
            readinessProbe: { grpc: { service: "" }, periodSeconds: 3 },
            lifecycle: { preStop: { httpGet: { path: "/", scheme: "HTTP" } } },
          },
        ],
      },
    });
  });

  it("requests from limits, in canonical form, only in Pods", () => {
    const resources = { limits: { cpu: "0.5", memory: "1024Mi", "example.com/x": "2" }, requests: { cpu: "100m" } };
    const expected = {
      limits: { cpu: "500m", memory: "1Gi", "example.com/x": "2" },
      requests: { cpu: "100m", memory: "1Gi", "example.com/x": "2" },
    };
    expect(defaulted(kinds.podKind, { spec: { containers: [{ ...container, resources }] } })).toMatchObject({
      spec: { containers: [{ resources: expected }] },
    });
    const inTemplate = { spec: { template: { spec: { containers: [{ ...container, resources }] } } } };
    expect(defaulted(kinds.deploymentKind, inTemplate)).toMatchObject({
      spec: { template: { spec: { containers: [{ resources: { requests: { cpu: "100m" } } }] } } },
    });
  });

  it("host ports on the host's network", () => {
    const spec = { hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80 }] }] };
    expect(defaulted(kinds.podKind, { spec })).toMatchObject({ spec: { containers: [{ ports: [{ hostPort: 80 }] }] } });
  });

  it("both names of the account", () => {
    expect(defaulted(kinds.podKind, { spec: { containers: [], serviceAccount: "a" } })).toMatchObject({
      spec: { serviceAccount: "a", serviceAccountName: "a" },
    });
  });

  it.each([
    [{ name: "v" }, { name: "v", emptyDir: {} }],
    [
      { name: "v", secret: { secretName: "s" } },
      { name: "v", secret: { secretName: "s", defaultMode: 420 } },
    ],
    [
      { name: "v", configMap: { name: "s", defaultMode: 256 } },
      { name: "v", configMap: { name: "s", defaultMode: 256 } },
    ],
    [
      { name: "v", hostPath: { path: "/x" } },
      { name: "v", hostPath: { path: "/x", type: "" } },
    ],
    [
      { name: "v", emptyDir: { sizeLimit: "1024Ki" } },
      { name: "v", emptyDir: { sizeLimit: "1Mi" } },
    ],
    [
      {
        name: "v",
        projected: {
          sources: [
            { serviceAccountToken: { path: "t" } },
            { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
          ],
        },
      },
      {
        name: "v",
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { path: "t", expirationSeconds: 3600 } },
            { downwardAPI: { items: [{ path: "l", fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels" } }] } },
          ],
        },
      },
    ],
    [
      { name: "v", ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"] } } } },
      {
        name: "v",
        ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], resources: {}, volumeMode: "Filesystem" } } },
      },
    ],
  ])("volume %j", (volume, expected) => {
    expect(defaulted(kinds.podKind, { spec: { containers: [], volumes: [volume] } })).toMatchObject({ spec: { volumes: [expected] } });
  });

  it("resources of the Pod as a whole", () => {
    const spec = {
      resources: { limits: { cpu: "2", memory: "1Gi" } },
      containers: [{ ...container, resources: { requests: { cpu: "500m" } } }],
    };
    expect(defaulted(kinds.podKind, { spec })).toMatchObject({ spec: { resources: { requests: { cpu: "500m", memory: "1Gi" } } } });
  });
});

describe("kinds", () => {
  it.each<[string, unknown, unknown, unknown]>([
    [
      "Deployment",
      kinds.deploymentKind,
      { spec: { selector: {}, template } },
      {
        spec: {
          selector: {},
          template: filledTemplate,
          replicas: 1,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
        },
        status: {},
      },
    ],
    [
      "Deployment, Recreate",
      kinds.deploymentKind,
      { spec: { strategy: { type: "Recreate" }, replicas: 0 } },
      { spec: { strategy: { type: "Recreate" }, replicas: 0, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }, status: {} },
    ],
    [
      "ReplicaSet",
      kinds.replicaSetKind,
      { spec: { template } },
      { spec: { replicas: 1, template: filledTemplate }, status: { replicas: 0 } },
    ],
    [
      "DaemonSet",
      kinds.daemonSetKind,
      { spec: {} },
      {
        spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 },
        status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
      },
    ],
    [
      "StatefulSet",
      kinds.statefulSetKind,
      { spec: { volumeClaimTemplates: [{ metadata: { name: "d" }, spec: {} }] } },
      {
        spec: {
          podManagementPolicy: "OrderedReady",
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0, maxUnavailable: 1 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          replicas: 1,
          revisionHistoryLimit: 10,
          volumeClaimTemplates: [
            {
              apiVersion: "v1",
              kind: "PersistentVolumeClaim",
              metadata: { name: "d" },
              spec: { resources: {}, volumeMode: "Filesystem" },
              status: { phase: "Pending" },
            },
          ],
        },
        status: { replicas: 0, availableReplicas: 0 },
      },
    ],
    [
      "ReplicationController",
      kinds.replicationControllerKind,
      { spec: { template } },
      {
        metadata: { labels: { app: "a" } },
        spec: { replicas: 1, selector: { app: "a" }, template: filledTemplate },
        status: { replicas: 0 },
      },
    ],
    [
      "Job",
      kinds.jobKind,
      { spec: { template } },
      {
        metadata: { labels: { app: "a" } },
        spec: {
          template: filledTemplate,
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: "NonIndexed",
          suspend: false,
          podReplacementPolicy: "TerminatingOrFailed",
        },
        status: {},
      },
    ],
    [
      "Job, work queue",
      kinds.jobKind,
      { spec: { parallelism: 2, backoffLimit: 0 } },
      {
        spec: {
          parallelism: 2,
          backoffLimit: 0,
          completionMode: "NonIndexed",
          suspend: false,
          podReplacementPolicy: "TerminatingOrFailed",
        },
        status: {},
      },
    ],
    [
      "CronJob",
      kinds.cronJobKind,
      { spec: { schedule: "@daily" } },
      {
        spec: { schedule: "@daily", concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
        status: {},
      },
    ],
    [
      "Service",
      kinds.serviceKind,
      { spec: { ports: [{ port: 80 }] } },
      {
        spec: {
          ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
          sessionAffinity: "None",
          type: "ClusterIP",
          internalTrafficPolicy: "Cluster",
        },
        status: { loadBalancer: {} },
      },
    ],
    [
      "Service, LoadBalancer with affinity",
      kinds.serviceKind,
      { spec: { type: "LoadBalancer", sessionAffinity: "ClientIP" } },
      {
        spec: {
          type: "LoadBalancer",
          sessionAffinity: "ClientIP",
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
          externalTrafficPolicy: "Cluster",
          internalTrafficPolicy: "Cluster",
          allocateLoadBalancerNodePorts: true,
        },
        status: { loadBalancer: {} },
      },
    ],
    [
      "Service, ExternalName",
      kinds.serviceKind,
      { spec: { type: "ExternalName", externalName: "a.b" } },
      { spec: { type: "ExternalName", externalName: "a.b", sessionAffinity: "None" }, status: { loadBalancer: {} } },
    ],
    ["Secret", kinds.secretKind, { data: { a: "YQ==" }, stringData: { b: "b" } }, { type: "Opaque", data: { a: "YQ==", b: "Yg==" } }],
    [
      "Namespace",
      kinds.namespaceKind,
      { metadata: { name: "n" } },
      { metadata: { name: "n", labels: { "kubernetes.io/metadata.name": "n" } }, spec: {}, status: { phase: "Active" } },
    ],
    [
      "PersistentVolumeClaim",
      kinds.persistentVolumeClaimKind,
      { spec: { resources: { requests: { storage: "1024Mi" } } } },
      { spec: { resources: { requests: { storage: "1Gi" } }, volumeMode: "Filesystem" }, status: { phase: "Pending" } },
    ],
    [
      "PersistentVolume",
      kinds.persistentVolumeKind,
      { spec: { hostPath: { path: "/a" } } },
      {
        spec: { hostPath: { path: "/a", type: "" }, persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" },
        status: { phase: "Pending" },
      },
    ],
    ["StorageClass", kinds.storageClassKind, {}, { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }],
    [
      "NetworkPolicy",
      kinds.networkPolicyKind,
      { spec: { egress: [{ ports: [{ port: 1 }] }] } },
      { spec: { podSelector: {}, egress: [{ ports: [{ port: 1, protocol: "TCP" }] }], policyTypes: ["Ingress", "Egress"] } },
    ],
    [
      "ClusterRoleBinding",
      kinds.clusterRoleBindingKind,
      {
        roleRef: { kind: "ClusterRole", name: "r" },
        subjects: [
          { kind: "User", name: "u" },
          { kind: "ServiceAccount", name: "s" },
        ],
      },
      {
        roleRef: { kind: "ClusterRole", name: "r", apiGroup: "rbac.authorization.k8s.io" },
        subjects: [
          { kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" },
          { kind: "ServiceAccount", name: "s" },
        ],
      },
    ],
    [
      "LimitRange",
      kinds.limitRangeKind,
      { spec: { limits: [{ type: "Container", max: { cpu: "2" }, min: { memory: "1Mi" } }] } },
      {
        spec: {
          limits: [
            {
              type: "Container",
              max: { cpu: "2" },
              min: { memory: "1Mi" },
              default: { cpu: "2" },
              defaultRequest: { cpu: "2", memory: "1Mi" },
            },
          ],
        },
      },
    ],
    [
      "HorizontalPodAutoscaler",
      kinds.horizontalPodAutoscalerKind,
      { spec: { maxReplicas: 3, behavior: { scaleDown: { selectPolicy: "Disabled" } } } },
      {
        spec: {
          maxReplicas: 3,
          minReplicas: 1,
          metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }],
          behavior: {
            scaleUp: {
              stabilizationWindowSeconds: 0,
              selectPolicy: "Max",
              policies: [
                { type: "Pods", value: 4, periodSeconds: 15 },
                { type: "Percent", value: 100, periodSeconds: 15 },
              ],
            },
            scaleDown: { selectPolicy: "Disabled", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
          },
        },
        status: { desiredReplicas: 0 },
      },
    ],
    [
      "ValidatingWebhookConfiguration",
      kinds.validatingWebhookConfigurationKind,
      { webhooks: [{ name: "w", clientConfig: { service: { name: "s", namespace: "n" } }, rules: [{}] }] },
      {
        webhooks: [
          {
            name: "w",
            clientConfig: { service: { name: "s", namespace: "n", port: 443 } },
            rules: [{ scope: "*" }],
            failurePolicy: "Fail",
            matchPolicy: "Equivalent",
            namespaceSelector: {},
            objectSelector: {},
            timeoutSeconds: 10,
          },
        ],
      },
    ],
    [
      "CustomResourceDefinition",
      kinds.customResourceDefinitionKind,
      { spec: { names: { kind: "CronTab", plural: "crontabs" }, versions: [{ name: "v1", storage: true }] } },
      {
        spec: {
          names: { kind: "CronTab", plural: "crontabs", singular: "crontab", listKind: "CronTabList" },
          versions: [{ name: "v1", storage: true }],
          conversion: { strategy: "None" },
        },
        status: { storedVersions: ["v1"] },
      },
    ],
    ["Endpoints", kinds.endpointsKind, { subsets: [{ ports: [{ port: 1 }] }] }, { subsets: [{ ports: [{ port: 1, protocol: "TCP" }] }] }],
    ["EndpointSlice", kinds.endpointSliceKind, { ports: [{ port: 1 }] }, { ports: [{ port: 1, protocol: "TCP", name: "" }] }],
    ["PriorityClass", kinds.priorityClassKind, {}, { value: 0, preemptionPolicy: "PreemptLowerPriority" }],
    [
      "IngressClass",
      kinds.ingressClassKind,
      { spec: { parameters: { kind: "K", name: "n" } } },
      { spec: { parameters: { kind: "K", name: "n", scope: "Cluster" } } },
    ],
    [
      "ResourceClaim",
      kinds.resourceClaimKind,
      { spec: { devices: { requests: [{ name: "r", exactly: { deviceClassName: "d" } }] } } },
      {
        spec: { devices: { requests: [{ name: "r", exactly: { deviceClassName: "d", allocationMode: "ExactCount", count: 1 } }] } },
        status: {},
      },
    ],
  ])("%s", (_name, kind, object, expected) => {
    expect(defaulted(kind as KindDefinition, object)).toEqual(expected);
  });

  it.each(kinds.allKinds.map((kind) => [kind.kind, kind] as const))(
    "%s: filling in twice changes nothing, nor does an empty object fail",
    (_name, kind) => {
      const once = defaulted(kind, { metadata: { name: "a" } });
      expect(defaulted(kind, once)).toEqual(once);
    },
  );
});
