import { describe, expect, it } from "vitest";
import type { Container, Pod, PodSpec } from "../generated/types.ts";
import { admit, stored } from "../kind-testing.ts";
import { podKind } from "../kinds/all-kinds.ts";

const container: Container = { name: "c", image: "i:1" };
const refusals = (spec: unknown): string[] => admit(podKind, { spec: spec as PodSpec }).refusals;
const withContainer = (part: object): string[] => refusals({ containers: [{ ...container, ...part }] });

describe("a Pod", () => {
  it.each<[string, object, string[]]>([
    ["is right", { containers: [container] }, []],
    ["without containers", {}, ["spec.containers: Required value"]],
    ["without an image", { containers: [{ name: "c" }] }, ["spec.containers[0].image: Required value"]],
    [
      "with a bad name",
      { containers: [{ name: "C_", image: "i" }] },
      [
        "spec.containers[0].name: Invalid value: \"C_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    ["with a name twice", { containers: [container, container] }, ['spec.containers[1].name: Duplicate value: "c"']],
    [
      "with an init container of the same name",
      { initContainers: [container], containers: [container] },
      ['spec.initContainers[0].name: Duplicate value: "c"'],
    ],
    [
      "with an unknown restart policy",
      { containers: [container], restartPolicy: "Sometimes" },
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
    ],
    [
      "with an unknown DNS policy",
      { containers: [container], dnsPolicy: "X" },
      ['spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"'],
    ],
    [
      "with DNS of its own and no server",
      { containers: [container], dnsPolicy: "None" },
      ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ],
    [
      "with a leading zero in an address",
      { containers: [container], hostAliases: [{ ip: "010.0.0.1", hostnames: ["a"] }] },
      ['spec.hostAliases[0].ip: Invalid value: "010.0.0.1": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      "with a deadline out of range",
      { containers: [container], activeDeadlineSeconds: 0 },
      ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ],
    [
      "with containers for debugging",
      { containers: [container], ephemeralContainers: [{ name: "d", image: "i" }] },
      ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
    ],
    [
      "gated and placed",
      { containers: [container], nodeName: "n", schedulingGates: [{ name: "a" }] },
      ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    ],
    [
      "with host ports that differ on the host's network",
      { hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 81 }] }] },
      ["spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"],
    ],
    [
      "with a toleration without a key",
      { containers: [container], tolerations: [{ operator: "Equal", value: "a" }] },
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      "with a bad spread",
      { containers: [container], topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "X" }] },
      [
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "X": supported values: "DoNotSchedule", "ScheduleAnyway"',
      ],
    ],
    [
      "with an affinity without a topology key",
      {
        containers: [container],
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {}, topologyKey: "" }] } },
      },
      [
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
    [
      "with users of its own on the host's network",
      { containers: [container], hostUsers: false, hostPID: true },
      ["spec.hostPID: Forbidden: when `hostUsers` is false"],
    ],
    [
      "with less for the Pod than for its containers",
      { resources: { requests: { cpu: "1" } }, containers: [{ ...container, resources: { requests: { cpu: "2" } } }] },
      ['spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2'],
    ],
  ])("%s", (_name, spec, expected) => {
    expect(refusals(spec)).toEqual(expected);
  });
});

describe("a container", () => {
  it.each<[string, object, string[]]>([
    ["port 0", { ports: [{ containerPort: 0 }] }, ["spec.containers[0].ports[0].containerPort: Required value"]],
    [
      "port 65536",
      { ports: [{ containerPort: 65536 }] },
      ["spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive"],
    ],
    [
      "host port twice",
      {
        ports: [
          { containerPort: 1, hostPort: 9 },
          { containerPort: 2, hostPort: 9 },
        ],
      },
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"'],
    ],
    ["variable without a name", { env: [{ name: "" }] }, ["spec.containers[0].env[0].name: Required value"]],
    [
      "variable with =",
      { env: [{ name: "a=b" }] },
      [
        "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='",
      ],
    ],
    [
      "variable with value and source",
      { env: [{ name: "a", value: "b", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      "unknown field",
      { env: [{ name: "a", valueFrom: { fieldRef: { fieldPath: "spec.foo" } } }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo',
      ],
    ],
    ["unknown volume", { volumeMounts: [{ name: "v", mountPath: "/v" }] }, ['spec.containers[0].volumeMounts[0].name: Not found: "v"']],
    [
      "request above its limit",
      { resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } },
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      "negative amount",
      { resources: { limits: { cpu: "-1" } } },
      [
        'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      "amount beyond all bounds",
      { resources: { requests: { cpu: "1e999999" } } },
      [
        "spec.containers[0].resources.requests[cpu]: Invalid value: \"1e999999\": quantities must match the regular expression (regex used for validation is '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$')",
      ],
    ],
    [
      "unknown resource",
      { resources: { requests: { apples: "1" } } },
      ['spec.containers[0].resources.requests: Invalid value: "apples": must be a standard resource for containers'],
    ],
    [
      "part of an extended resource",
      { resources: { limits: { "example.com/gpu": "500m" } } },
      [
        'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
      ],
    ],
    [
      "extended resource without a limit",
      { resources: { requests: { "example.com/gpu": "1" } } },
      ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ],
    ["probe without a way", { livenessProbe: {} }, ["spec.containers[0].livenessProbe: Required value: must specify a handler type"]],
    [
      "probe with two ways",
      { livenessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } },
      ["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
    ],
    [
      "liveness that needs two successes",
      { livenessProbe: { exec: { command: ["a"] }, successThreshold: 2 } },
      ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ],
    [
      "privileged without escalation",
      { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
      [
        'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      "user out of range",
      { securityContext: { runAsUser: -1 } },
      ["spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive"],
    ],
    ["padded image", { image: " i" }, ['spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace']],
    [
      "pull policy",
      { imagePullPolicy: "X" },
      ['spec.containers[0].imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"'],
    ],
  ])("%s", (_name, part, expected) => {
    expect(withContainer(part)).toEqual(expected);
  });

  it("that only runs before may have no probes, unless it is a sidecar", () => {
    const init = { ...container, name: "i", readinessProbe: { exec: { command: ["a"] } } };
    expect(refusals({ initContainers: [init], containers: [container] })).toEqual([
      "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ]);
    expect(refusals({ initContainers: [{ ...init, restartPolicy: "Always" }], containers: [container] })).toEqual([]);
  });
});

describe("a volume", () => {
  it.each<[string, object, string[]]>([
    [
      "of two kinds",
      { emptyDir: {}, hostPath: { path: "/a" } },
      ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ],
    [
      "that climbs",
      { hostPath: { path: "/a/../b" } },
      ["spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"],
    ],
    ["of a secret without a name", { secret: {} }, ["spec.volumes[0].secret.secretName: Required value"]],
    [
      "with a bad mode",
      { configMap: { name: "m", defaultMode: 512 } },
      ["spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"],
    ],
    [
      "with an item that escapes",
      { configMap: { name: "m", items: [{ key: "k", path: "../x" }] } },
      ["spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'"],
    ],
    ["of a claim without a name", { persistentVolumeClaim: {} }, ["spec.volumes[0].persistentVolumeClaim.claimName: Required value"]],
    [
      "with a token and no account",
      { projected: { sources: [{ serviceAccountToken: { path: "t" } }] } },
      ["spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set"],
    ],
  ])("%s", (_name, source, expected) => {
    expect(refusals({ containers: [container], volumes: [{ name: "v", ...source }] })).toEqual(expected);
  });
});

describe("a change of a Pod", () => {
  const old = stored(podKind, {
    spec: { containers: [{ ...container, resources: { limits: { cpu: "1" } } }], tolerations: [{ key: "a", operator: "Exists" }] },
  });
  const changed = (change: (pod: Pod) => void, subresource?: string): string[] => {
    const pod = structuredClone(old);
    change(pod);
    return admit(podKind, pod, old, subresource).refusals;
  };

  it.each<[string, (pod: Pod) => void, string[]]>([
    ["the image may change", (pod) => (pod.spec!.containers[0]!.image = "other:2"), []],
    ["a deadline may be set", (pod) => (pod.spec!.activeDeadlineSeconds = 5), []],
    ["a toleration may be added", (pod) => pod.spec!.tolerations!.push({ key: "b", operator: "Exists" }), []],
    [
      "a toleration may not go",
      (pod) => (pod.spec!.tolerations = []),
      ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
    ],
    [
      "no container may be added",
      (pod) => pod.spec!.containers.push({ name: "d", image: "i" }),
      ["spec.containers: Forbidden: pod updates may not add or remove containers"],
    ],
    [
      "nothing else may change",
      (pod) => (pod.spec!.nodeName = "n"),
      [
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\nchanged: spec.nodeName\n",
      ],
    ],
    ["labels may change", (pod) => (pod.metadata!.labels = { a: "b" }), []],
    ["the uid may not", (pod) => (pod.metadata!.uid = "x"), ['metadata.uid: Invalid value: "x": field is immutable']],
  ])("%s", (_name, change, expected) => {
    expect(changed(change)).toEqual(expected);
  });

  it("resizes CPU and memory within the class of service", () => {
    expect(changed((pod) => (pod.spec!.containers[0]!.resources!.limits!.cpu = "2"), "resize")).toEqual([]);
    expect(changed((pod) => (pod.spec!.containers[0]!.resources = { limits: { cpu: "1", "ephemeral-storage": "1Gi" } }), "resize")).toEqual(
      ["spec: Forbidden: only cpu and memory resources are mutable"],
    );
    expect(changed((pod) => (pod.spec!.containers[0]!.resources = {}), "resize")).toContain(
      "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
    );
  });

  it("brings no ended container back", () => {
    const never = { ...structuredClone(old), spec: { ...old.spec!, restartPolicy: "Never" } };
    const status = (state: object): Pod => ({
      ...structuredClone(never),
      status: { ...never.status, containerStatuses: [{ name: "c", state } as never] },
    });
    const ended = status({ terminated: { exitCode: 1 } });
    expect(admit(podKind, status({ running: {} }), ended, "status").refusals).toEqual([
      "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
    ]);
    expect(admit(podKind, ended, status({ running: {} }), "status").refusals).toEqual([]);
  });
});
