import { describe, expect, it } from "vitest";
import type { KindDefinition } from "../kind.ts";
import { admit } from "../kind-testing.ts";
import * as kinds from "../kinds/all-kinds.ts";
import type { KubeObject } from "../object.ts";

const container = { name: "c", image: "i:1" };
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [container] } };
const selector = { matchLabels: { a: "b" } };
const jobTemplate = { spec: { restartPolicy: "Never", containers: [container] } };
const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } } };
const definition = {
  metadata: { name: "crontabs.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "crontabs", kind: "CronTab" },
    versions: [{ name: "v1", served: true, storage: true, schema }],
  },
};
const withSchema = (openAPIV3Schema: object): object => ({
  ...definition,
  spec: { ...definition.spec, versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }] },
});
const at = "spec.versions[0].schema.openAPIV3Schema";
const any = (kind: unknown): KindDefinition => kind as KindDefinition;
const refusals = (kind: unknown, object: unknown, old?: unknown, subresource?: string): string[] =>
  admit(any(kind), object as KubeObject, old as KubeObject | undefined, subresource).refusals;

describe("a new object", () => {
  it.each<[string, unknown, object, string[]]>([
    ["Deployment", kinds.deploymentKind, { spec: { selector, template } }, []],
    [
      "Deployment without anything",
      kinds.deploymentKind,
      {},
      ["spec.selector: Required value", "spec.template.spec.containers: Required value"],
    ],
    [
      "Deployment whose selector finds nothing",
      kinds.deploymentKind,
      { spec: { selector: { matchLabels: { x: "y" } }, template } },
      ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
    ],
    [
      "Deployment with an empty selector",
      kinds.deploymentKind,
      { spec: { selector: {}, template } },
      ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    ],
    [
      "Deployment that can neither surge nor shrink",
      kinds.deploymentKind,
      { spec: { selector, template, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      "Deployment with too much of everything",
      kinds.deploymentKind,
      { spec: { replicas: -1, selector, template, minReadySeconds: 600, strategy: { type: "Slow" } } },
      [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        'spec.strategy.type: Unsupported value: "Slow": supported values: "Recreate", "RollingUpdate"',
        "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
      ],
    ],
    [
      "ReplicaSet that ends",
      kinds.replicaSetKind,
      { spec: { selector, template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      "DaemonSet that surges and shrinks",
      kinds.daemonSetKind,
      { spec: { selector, template, updateStrategy: { rollingUpdate: { maxSurge: 1 } } } },
      ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
    ],
    [
      "StatefulSet with a dot in its name",
      kinds.statefulSetKind,
      { metadata: { name: "a.b" }, spec: { selector, template, podManagementPolicy: "X" } },
      [
        'metadata.name: Invalid value: "a.b": must not contain dots',
        "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'",
      ],
    ],
    ["Job", kinds.jobKind, { spec: { template: jobTemplate } }, []],
    [
      "Job that runs for good",
      kinds.jobKind,
      { spec: { template: { spec: { containers: [container] } } } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      "Job with indexes and no number",
      kinds.jobKind,
      { spec: { template: jobTemplate, completionMode: "Indexed", parallelism: 2 } },
      ["spec.completions: Required value: when completion mode is Indexed"],
    ],
    ["CronJob", kinds.cronJobKind, { spec: { schedule: "*/5 * * * *", jobTemplate: { spec: { template: jobTemplate } } } }, []],
    [
      "CronJob with a wrong schedule",
      kinds.cronJobKind,
      { spec: { schedule: "* * *", timeZone: "Mars/Olympus", jobTemplate: { spec: { template: jobTemplate } } } },
      [
        'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
        'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
      ],
    ],
    [
      "CronJob with a long name",
      kinds.cronJobKind,
      { metadata: { name: "a".repeat(53) }, spec: { schedule: "@daily", jobTemplate: { spec: { template: jobTemplate } } } },
      [`metadata.name: Invalid value: "${"a".repeat(53)}": must be no more than 52 bytes`],
    ],
    ["Service without ports", kinds.serviceKind, { spec: { selector: { a: "b" } } }, ["spec.ports: Required value"]],
    [
      "Service with two ports without names",
      kinds.serviceKind,
      { spec: { ports: [{ port: 1 }, { port: 1 }] } },
      [
        "spec.ports[0].name: Required value",
        "spec.ports[1].name: Required value",
        'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":1}',
      ],
    ],
    [
      "Service with a node port and no use for it",
      kinds.serviceKind,
      { spec: { ports: [{ port: 1, nodePort: 30000 }] } },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      "Service with a name that starts with a digit",
      kinds.serviceKind,
      { metadata: { name: "1a" }, spec: { ports: [{ port: 1 }] } },
      [
        "metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      "Service of an external name without one",
      kinds.serviceKind,
      { spec: { type: "ExternalName" } },
      ["spec.externalName: Required value"],
    ],
    [
      "Service on the loopback address",
      kinds.serviceKind,
      { spec: { ports: [{ port: 1 }], externalIPs: ["127.0.0.1"] } },
      ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ],
    [
      "ConfigMap with a bad key",
      kinds.configMapKind,
      { data: { "a/b": "c" } },
      [
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      "ConfigMap that is too large",
      kinds.configMapKind,
      { data: { a: "x".repeat(1_048_577) } },
      [": Too long: may not be more than 1048576 bytes"],
    ],
    [
      "Secret for TLS without its key",
      kinds.secretKind,
      { type: "kubernetes.io/tls", data: { "tls.crt": "" } },
      ["data[tls.key]: Required value"],
    ],
    [
      "Namespace with a dot",
      kinds.namespaceKind,
      { metadata: { name: "a.b" } },
      ['metadata.name: Invalid value: "a.b": must not contain dots'],
    ],
    [
      "Node with a taint twice",
      kinds.nodeKind,
      {
        spec: {
          taints: [
            { key: "a", effect: "NoSchedule" },
            { key: "a", effect: "NoSchedule" },
          ],
        },
      },
      ['metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair'],
    ],
    [
      "PersistentVolumeClaim without anything",
      kinds.persistentVolumeClaimKind,
      { spec: {} },
      ["spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"],
    ],
    [
      "PersistentVolume without storage",
      kinds.persistentVolumeKind,
      { spec: { capacity: { storage: "0" }, accessModes: ["ReadWriteOnce"] } },
      ['spec.capacity[storage]: Invalid value: "0": must be greater than zero', "spec: Required value: must specify a volume type"],
    ],
    ["StorageClass without a provisioner", kinds.storageClassKind, {}, ["provisioner: Required value"]],
    [
      "ResourceQuota of something unknown",
      kinds.resourceQuotaKind,
      { spec: { hard: { apples: "1", pods: "1.5" } } },
      [
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
        'spec.hard[pods]: Invalid value: "1500m": must be an integer',
      ],
    ],
    [
      "LimitRange with its bounds reversed",
      kinds.limitRangeKind,
      { spec: { limits: [{ type: "Pod", max: { cpu: "1" }, min: { cpu: "2" } }] } },
      ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
    ],
    [
      "Role without verbs",
      kinds.roleKind,
      {
        rules: [
          { apiGroups: [""], resources: ["pods"] },
          { verbs: ["get"], nonResourceURLs: ["/x"] },
        ],
      },
      [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        'rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
      ],
    ],
    ["Role with a colon in its name", kinds.roleKind, { metadata: { name: "system:a" } }, []],
    [
      "Role with a slash in its name",
      kinds.roleKind,
      { metadata: { name: "a/b" } },
      ["metadata.name: Invalid value: \"a/b\": may not contain '/'"],
    ],
    [
      "ClusterRoleBinding to a Role",
      kinds.clusterRoleBindingKind,
      { roleRef: { kind: "Role", name: "r" }, subjects: [{ kind: "ServiceAccount", name: "s" }] },
      ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"', "subjects[0].namespace: Required value"],
    ],
    [
      "NetworkPolicy with a peer of two kinds",
      kinds.networkPolicyKind,
      { spec: { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.0/8"] } }] }] } },
      [
        'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer",
      ],
    ],
    [
      "Ingress without a path type",
      kinds.ingressKind,
      { spec: { rules: [{ host: "10.0.0.1", http: { paths: [{ path: "/", backend: { service: { name: "s", port: {} } } }] } }] } },
      [
        'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
      ],
    ],
    [
      "PodDisruptionBudget with both",
      kinds.podDisruptionBudgetKind,
      { spec: { minAvailable: 1, maxUnavailable: "120%" } },
      [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"120%"}: minAvailable and maxUnavailable cannot be both set',
        'spec.maxUnavailable: Invalid value: "120%": must not be greater than 100%',
      ],
    ],
    [
      "HorizontalPodAutoscaler upside down",
      kinds.horizontalPodAutoscalerKind,
      { spec: { minReplicas: 5, maxReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "d" } } },
      ["spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"],
    ],
    [
      "PriorityClass above the system's",
      kinds.priorityClassKind,
      { value: 1_000_000_001 },
      ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
    ],
    [
      "webhook over HTTP",
      kinds.validatingWebhookConfigurationKind,
      { webhooks: [{ name: "a", clientConfig: { url: "http://x/y" }, sideEffects: "None", admissionReviewVersions: ["v1"] }] },
      [
        'webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots',
        "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
      ],
    ],
    ["CustomResourceDefinition", kinds.customResourceDefinitionKind, definition, []],
    [
      "CustomResourceDefinition under a wrong name",
      kinds.customResourceDefinitionKind,
      { ...definition, metadata: { name: "x.example.com" } },
      ['metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group'],
    ],
    [
      "CustomResourceDefinition without a schema",
      kinds.customResourceDefinitionKind,
      { ...definition, spec: { ...definition.spec, versions: [{ name: "v1", served: true, storage: true }] } },
      [`${at}: Required value: schemas are required`],
    ],
    [
      "schema without structure",
      kinds.customResourceDefinitionKind,
      withSchema({ type: "object", properties: { a: {}, b: { type: "array" }, c: { type: "string", pattern: "(" } } }),
      [
        `${at}.properties[a].type: Required value: must not be empty for specified object fields`,
        `${at}.properties[b].items: Required value: must be specified`,
        `${at}.properties[c].pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``,
      ],
    ],
    [
      "schema that checks and structures at once",
      kinds.customResourceDefinitionKind,
      withSchema({ type: "object", $ref: "#/x", anyOf: [{ required: ["a"] }, { type: "object", uniqueItems: true }, { default: 1 }] }),
      [
        `${at}.$ref: Forbidden: $ref is not supported`,
        `${at}.anyOf[1].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
        `${at}.anyOf[2].default: Forbidden: must be empty to be structural`,
      ],
    ],
    [
      "EndpointSlice of the wrong family",
      kinds.endpointSliceKind,
      { addressType: "IPv4", endpoints: [{ addresses: ["::1"] }] },
      ['endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address'],
    ],
    [
      "Event in another namespace",
      kinds.eventKind,
      { metadata: { namespace: "a" }, involvedObject: { namespace: "b" } },
      ['involvedObject.namespace: Invalid value: "b": does not match event.namespace'],
    ],
    ["Binding to nothing", kinds.bindingKind, { target: {} }, ["target.name: Required value"]],
  ])("%s", (_name, kind, object, expected) => {
    expect(refusals(kind, object)).toEqual(expected);
  });
});

describe("a change", () => {
  const created = (kind: unknown, object: object): KubeObject => admit(any(kind), object).object;

  it.each<[string, unknown, object, object, string[]]>([
    [
      "of a Deployment's selector",
      kinds.deploymentKind,
      { spec: { selector, template } },
      { spec: { selector: { matchLabels: { x: "y" } }, template: { ...template, metadata: { labels: { x: "y" } } } } },
      ['spec.selector: Invalid value: {"matchLabels":{"x":"y"}}: field is immutable'],
    ],
    [
      "of a StatefulSet's service",
      kinds.statefulSetKind,
      { spec: { selector, template, serviceName: "a" } },
      { spec: { selector, template, serviceName: "b", replicas: 3 } },
      [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
    ],
    [
      "of a StatefulSet's replicas",
      kinds.statefulSetKind,
      { spec: { selector, template } },
      { spec: { selector, template, replicas: 3 } },
      [],
    ],
    [
      "of a frozen ConfigMap",
      kinds.configMapKind,
      { immutable: true, data: { a: "1" } },
      { immutable: true, data: { a: "2" } },
      ["data: Forbidden: field is immutable when `immutable` is set"],
    ],
    ["of a Secret's type", kinds.secretKind, { type: "a" }, { type: "b" }, ['type: Invalid value: "b": field is immutable']],
    [
      "of a binding's role",
      kinds.roleBindingKind,
      { roleRef: { kind: "Role", name: "a" } },
      { roleRef: { kind: "Role", name: "b" } },
      ['roleRef: Invalid value: {"kind":"Role","name":"b","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef'],
    ],
    [
      "of a StorageClass",
      kinds.storageClassKind,
      { provisioner: "a" },
      { provisioner: "b" },
      ["provisioner: Forbidden: updates to provisioner are forbidden."],
    ],
    ["of a PriorityClass", kinds.priorityClassKind, { value: 1 }, { value: 2 }, ["value: Forbidden: may not be changed in an update."]],
  ])("%s", (_name, kind, before, after, expected) => {
    const old = created(kind, before);
    const now = { ...after, metadata: structuredClone(old.metadata) };
    expect(refusals(kind, now, old)).toEqual(expected);
  });

  it("of a Job's template is refused once it has started", () => {
    const job = { spec: { template: jobTemplate, suspend: true } };
    const old = created(kinds.jobKind, job) as KubeObject & { spec: { template: { spec: object }; suspend: boolean } };
    const moved = structuredClone(old);
    Object.assign(moved.spec.template.spec, { nodeSelector: { disk: "ssd" } });
    expect(refusals(kinds.jobKind, moved, old)).toEqual([]);
    const running = { ...structuredClone(old), spec: { ...old.spec, suspend: false } };
    expect(refusals(kinds.jobKind, { ...moved, spec: { ...moved.spec, suspend: false } }, running).join()).toContain(
      "spec.template: Invalid value:",
    );
  });

  it("adds no finalizer to what is being deleted", () => {
    const old = {
      metadata: { name: "test", namespace: "default", uid: "u", deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["a/b"] },
    };
    const now = { metadata: { ...old.metadata, finalizers: ["a/b", "c/d"] } };
    expect(refusals(kinds.configMapKind, now, old)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
    ]);
  });
});

describe("metadata", () => {
  it.each<[string, object, string[]]>([
    [
      "two controllers",
      { ownerReferences: ["a", "b"].map((name) => ({ apiVersion: "v1", kind: "K", name, uid: name, controller: true })) },
      ["Only one reference can have Controller set to true"],
    ],
    [
      "an Event as owner",
      { ownerReferences: [{ apiVersion: "v1", kind: "Event", name: "e", uid: "u" }] },
      ["is disallowed from being an owner"],
    ],
    ["a bad label", { labels: { a: "-" } }, ['metadata.labels: Invalid value: "-": a valid label must be an empty string']],
    [
      "a bad key of an annotation",
      { annotations: { "a/b/c": "" } },
      ['metadata.annotations: Invalid value: "a/b/c": a valid label key must consist of'],
    ],
    [
      "too many annotations",
      { annotations: { a: "x".repeat(262_144) } },
      ["metadata.annotations: Too long: may not be more than 262144 bytes"],
    ],
    ["a finalizer without a name", { finalizers: [""] }, ["name part must be non-empty", "name part must consist of"]],
    [
      "prototype keys as data",
      { labels: JSON.parse('{"__proto__":"x"}') as object, annotations: { constructor: "1" } },
      ["name part must consist of alphanumeric"],
    ],
    ["a prefix of a name", { generateName: "abc-" }, []],
    ["a wrong prefix of a name", { generateName: "ABC-" }, ["metadata.generateName: Invalid value"]],
  ])("%s", (_name, metadata, expected) => {
    const found = refusals(kinds.configMapKind, { metadata });
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
  });
});

describe("every kind", () => {
  it.each(kinds.allKinds.map((kind) => [kind.kind, kind] as const))(
    "%s: an empty object is refused or taken, but never fails",
    (_name, kind) => {
      const empty = admit(kind, {});
      expect(() => admit(kind, {}, empty.object)).not.toThrow();
      expect(() => admit(kind, {}, empty.object, "status")).not.toThrow();
    },
  );
});
