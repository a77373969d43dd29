import { describe, expect, it } from "vitest";
import { seededRandom } from "@skiff/base";
import {
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podDisruptionBudgetKind,
  replicaSetKind,
  storageClassKind,
  type KubeObject,
  type Node,
  type Pod,
  type PodAffinityTerm,
  type PodSpec,
  type Resource,
} from "@skiff/api";
import { ClusterState } from "../state/cluster-state.ts";
import { PodInfo } from "../state/pod-info.ts";
import { asking, testNode, testPod } from "../testing/objects.ts";
import { testFramework } from "../testing/offline-plugins.ts";
import { feasibleNodesWanted, schedulePod, type Decision } from "./schedule-pod.ts";

interface Case {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** By node name. */
  readonly existing?: Readonly<Record<string, readonly Pod[]>>;
  readonly objects?: readonly (readonly [Resource, KubeObject])[];
  readonly pod: Pod;
  /** The node, or the message. */
  readonly expected: string;
  readonly namespaceLabels?: Record<string, string>;
}

async function decide({ nodes, existing = {}, objects = [], pod, namespaceLabels }: Omit<Case, "expected" | "name">): Promise<Decision> {
  const framework = await testFramework(objects);
  const state = new ClusterState(() => namespaceLabels);
  for (const node of nodes) state.setNode(node);
  for (const [nodeName, pods] of Object.entries(existing)) for (const one of pods) state.assume(new PodInfo(one), nodeName);
  return schedulePod(new PodInfo(pod), state, framework, seededRandom(1));
}

const outcome = (decision: Decision): string => (decision.type === "scheduled" ? decision.nodeName : decision.message);

const NOT_HELPFUL = (nodes: number): string =>
  `preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
const NO_VICTIMS = (nodes: number): string =>
  `preemption: 0/${nodes} nodes are available: ${nodes} No preemption victims found for incoming pod.`;
const tainted = (name: string, key: string, effect: string, value?: string): Node => ({
  ...testNode(name),
  spec: { taints: [{ key, effect, value }] },
});
const cordoned = (name: string): Node => ({ ...testNode(name), spec: { unschedulable: true } });
const [a, b, c] = [testNode("a"), testNode("b"), testNode("c")];
const ZONE = "topology.kubernetes.io/zone";
const zoned = (name: string, zone: string): Node => testNode(name, { [ZONE]: zone });

const affinityTo = (app: string, topologyKey: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm[] => [
  { topologyKey, labelSelector: { matchLabels: { app } }, ...more },
];
const near = (app: string, key: string, more: Partial<PodAffinityTerm> = {}): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: affinityTo(app, key, more) } },
});
const apart = (app: string, key: string): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: affinityTo(app, key) } },
});
const onNodes = (expressions: { key: string; operator: string; values?: string[] }[], fields?: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: expressions, ...(fields ? { matchFields: [{ key: "metadata.name", operator: "In", values: fields }] } : {}) },
        ],
      },
    },
  },
});
const port = (hostPort: number, hostIP?: string): Partial<PodSpec> => ({
  containers: [{ name: "main", image: "example", ports: [{ containerPort: 80, hostPort, hostIP, protocol: "TCP" }] }],
});
const spread = (more: Record<string, unknown> = {}): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: { app: "web" } }, ...more },
  ],
});
const using = (claimName: string): Partial<PodSpec> => ({ volumes: [{ name: "data", persistentVolumeClaim: { claimName } }] });
const web = (name: string): Pod => testPod(name, {}, { app: "web" });

const anyKind = (kind: unknown, object: KubeObject): readonly [Resource, KubeObject] => [kind as Resource, object];
const claim = (name: string, spec: Record<string, unknown>, annotations: Record<string, string> = {}) =>
  anyKind(persistentVolumeClaimKind, {
    metadata: { name, namespace: "default", annotations },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  } as KubeObject);
const volume = (name: string, node: string, spec: Record<string, unknown> = {}) =>
  anyKind(persistentVolumeKind, {
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      local: { path: "/data" },
      storageClassName: "local",
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }] },
      },
      ...spec,
    },
    status: { phase: "Available" },
  } as KubeObject);
const storageClass = (name: string, provisioner: string) =>
  anyKind(storageClassKind, { metadata: { name }, provisioner, volumeBindingMode: "WaitForFirstConsumer" } as KubeObject);
const BOUND = { "pv.kubernetes.io/bind-completed": "yes" };

const CASES: readonly Case[] = [
  { name: "no nodes", nodes: [], pod: testPod("p"), expected: "no nodes available to schedule pods" },
  {
    name: "NodeName: no such node",
    nodes: [a, b],
    pod: testPod("p", { nodeName: "z" }),
    expected: `0/2 nodes are available: 2 node(s) didn't match the requested node name. ${NOT_HELPFUL(2)}`,
  },
  {
    name: "NodeUnschedulable",
    nodes: [cordoned("a")],
    pod: testPod("p"),
    expected: `0/1 nodes are available: 1 node(s) were unschedulable. ${NOT_HELPFUL(1)}`,
  },
  {
    name: "NodeUnschedulable, tolerated",
    nodes: [cordoned("a")],
    pod: testPod("p", { tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" }] }),
    expected: "a",
  },
  {
    name: "TaintToleration",
    nodes: [tainted("a", "dedicated", "NoSchedule", "db"), tainted("b", "gone", "NoExecute")],
    pod: testPod("p", { tolerations: [{ key: "dedicated", operator: "Equal", value: "web" }] }),
    expected: `0/2 nodes are available: 2 node(s) had untolerated taint(s). ${NOT_HELPFUL(2)}`,
  },
  {
    name: "TaintToleration, tolerated by an empty key",
    nodes: [tainted("a", "dedicated", "NoSchedule", "db")],
    pod: testPod("p", { tolerations: [{ operator: "Exists" }] }),
    expected: "a",
  },
  { name: "TaintToleration, preferring", nodes: [tainted("a", "slow", "PreferNoSchedule"), b], pod: testPod("p"), expected: "b" },
  {
    name: "NodeAffinity: node selector",
    nodes: [a, b],
    pod: testPod("p", { nodeSelector: { disk: "ssd" } }),
    expected: `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. ${NOT_HELPFUL(2)}`,
  },
  {
    name: "NodeAffinity: Gt and NotIn",
    nodes: [testNode("a", { cores: "4" }), testNode("b", { cores: "16" }), testNode("c", { cores: "16", arch: "arm64" })],
    pod: testPod(
      "p",
      onNodes([
        { key: "cores", operator: "Gt", values: ["8"] },
        { key: "arch", operator: "NotIn", values: ["arm64"] },
      ]),
    ),
    expected: "b",
  },
  {
    name: "NodeAffinity: by name, as DaemonSets have it",
    nodes: [a, b, cordoned("c")],
    pod: testPod("p", onNodes([], ["c"])),
    expected: `0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. ${NOT_HELPFUL(3)}`,
  },
  {
    name: "NodeAffinity, preferred",
    nodes: [a, testNode("b", { disk: "ssd" }), c],
    pod: testPod("p", {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 10, preference: { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] } },
          ],
        },
      },
    }),
    expected: "b",
  },
  {
    name: "NodePorts: all addresses against one",
    nodes: [a],
    existing: { a: [testPod("x", port(80, "127.0.0.1"))] },
    pod: testPod("p", port(80)),
    expected: `0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. ${NO_VICTIMS(1)}`,
  },
  {
    name: "NodePorts: different addresses",
    nodes: [a],
    existing: { a: [testPod("x", port(80, "127.0.0.1"))] },
    pod: testPod("p", port(80, "127.0.0.2")),
    expected: "a",
  },
  {
    name: "NodeResourcesFit: used up on one node, too small the other, not offered, and too many Pods",
    nodes: [a, testNode("b", {}, { cpu: "1" }), testNode("c", {}, { "example.com/gpu": "1", pods: "0" })],
    existing: { a: [testPod("x", asking({ cpu: "3" }))] },
    pod: testPod("p", asking({ cpu: "2", "example.com/gpu": "1" })),
    expected:
      "0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu, 2 Insufficient example.com/gpu. " +
      "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
  },
  {
    name: "NodeResourcesFit: mixed with taints, as in the documentation",
    nodes: [testNode("a", {}, { cpu: "1" }), tainted("b", "key", "NoSchedule"), tainted("c", "key", "NoSchedule")],
    existing: { a: [testPod("x", asking({ cpu: "800m" }))] },
    pod: testPod("p", asking({ cpu: "500m" })),
    expected:
      "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). " +
      "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
  },
  {
    name: "NodeResourcesFit: the emptiest node",
    nodes: [a, b, c],
    existing: { a: [testPod("x", asking({ cpu: "2", memory: "4Gi" }))], c: [testPod("y", asking({ cpu: "1", memory: "2Gi" }))] },
    pod: testPod("p", asking({ cpu: "100m", memory: "200Mi" })),
    expected: "b",
  },
  {
    name: "NodeResourcesBalancedAllocation: CPU and memory used alike",
    nodes: [testNode("a", {}, { cpu: "2", memory: "8Gi" }), testNode("b", {}, { cpu: "8", memory: "8Gi" })],
    existing: { a: [testPod("x", asking({ cpu: "1", memory: "1Gi" }))], b: [testPod("y", asking({ cpu: "3", memory: "3Gi" }))] },
    pod: testPod("p", asking({ cpu: "100m", memory: "100Mi" })),
    expected: "b",
  },
  {
    name: "ImageLocality",
    nodes: [a, { ...b, status: { ...b.status, images: [{ names: ["example:latest"], sizeBytes: 2_000_000_000 }] } }],
    pod: testPod("p"),
    expected: "b",
  },
  {
    name: "PodTopologySpread: the fuller zones are closed, and nodes without a zone",
    nodes: [zoned("a", "1"), zoned("b", "2"), c],
    existing: { a: [web("x")] },
    pod: testPod("p", { ...spread(), ...onNodes([{ key: "kubernetes.io/hostname", operator: "NotIn", values: ["b"] }]) }, { app: "web" }),
    expected: "a",
  },
  {
    name: "PodTopologySpread: affinity ignored",
    nodes: [zoned("a", "1"), zoned("b", "2"), c],
    existing: { a: [web("x")] },
    pod: testPod("p", { ...spread({ nodeAffinityPolicy: "Ignore" }), nodeSelector: { "kubernetes.io/hostname": "a" } }, { app: "web" }),
    expected:
      "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 2 node(s) didn't match Pod's node affinity/selector. " +
      "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
  },
  {
    name: "PodTopologySpread: no such label",
    nodes: [a],
    pod: testPod("p", spread(), { app: "web" }),
    expected: `0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label). ${NOT_HELPFUL(1)}`,
  },
  {
    name: "PodTopologySpread, minDomains",
    nodes: [zoned("a", "1")],
    existing: { a: [web("x")] },
    pod: testPod("p", spread({ minDomains: 2 }), { app: "web" }),
    expected: `0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints. ${NO_VICTIMS(1)}`,
  },
  {
    name: "PodTopologySpread, preferring the emptier zone",
    nodes: [zoned("a", "1"), zoned("b", "1"), zoned("c", "2")],
    existing: { a: [web("x")] },
    pod: testPod("p", spread({ whenUnsatisfiable: "ScheduleAnyway" }), { app: "web" }),
    expected: "c",
  },
  {
    name: "PodTopologySpread, the system's default for Pods of a workload",
    nodes: [zoned("a", "1"), zoned("b", "1"), zoned("c", "2")],
    existing: { a: [web("x")], b: [testPod("other", asking({ cpu: "10m" }))], c: [web("y")] },
    objects: [
      anyKind(replicaSetKind, {
        metadata: { name: "web", namespace: "default" },
        spec: { selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web" } }, spec: testPod("t").spec } },
      } as KubeObject),
    ],
    pod: {
      ...web("p"),
      metadata: {
        ...web("p").metadata,
        ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u", controller: true }],
      },
    },
    expected: "b",
  },
  {
    name: "InterPodAffinity: nobody there",
    nodes: [zoned("a", "1")],
    pod: testPod("p", near("db", ZONE)),
    expected: `0/1 nodes are available: 1 node(s) didn't match pod affinity rules. ${NOT_HELPFUL(1)}`,
  },
  {
    name: "InterPodAffinity: the first of its group",
    nodes: [zoned("a", "1")],
    pod: testPod("p", near("db", ZONE), { app: "db" }),
    expected: "a",
  },
  {
    name: "InterPodAffinity: with the other",
    nodes: [a, b, c],
    existing: { b: [testPod("db", {}, { app: "db" })] },
    pod: testPod("p", near("db", "kubernetes.io/hostname")),
    expected: "b",
  },
  {
    name: "InterPodAffinity: other namespaces by their labels",
    nodes: [a, b],
    existing: {
      b: [{ ...testPod("db", {}, { app: "db" }), metadata: { name: "db", namespace: "team", uid: "db", labels: { app: "db" } } }],
    },
    pod: testPod("p", near("db", "kubernetes.io/hostname", { namespaceSelector: { matchLabels: { team: "x" } } })),
    namespaceLabels: { team: "x" },
    expected: "b",
  },
  {
    name: "InterPodAffinity: apart",
    nodes: [a],
    existing: { a: [testPod("db", {}, { app: "db" })] },
    pod: testPod("p", apart("db", "kubernetes.io/hostname")),
    expected: `0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. ${NO_VICTIMS(1)}`,
  },
  {
    name: "InterPodAffinity: the other wants to be apart",
    nodes: [a],
    existing: { a: [testPod("db", apart("web", "kubernetes.io/hostname"), { app: "db" })] },
    pod: web("p"),
    expected: `0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules. ${NO_VICTIMS(1)}`,
  },
  {
    name: "InterPodAffinity, preferred",
    nodes: [a, b, c],
    existing: { b: [testPod("db", {}, { app: "db" })] },
    pod: testPod("p", {
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 50, podAffinityTerm: affinityTo("db", "kubernetes.io/hostname")[0]! },
          ],
        },
      },
    }),
    expected: "b",
  },
  {
    name: "VolumeBinding: no such claim",
    nodes: [a],
    pod: testPod("p", using("data")),
    expected: `0/1 nodes are available: persistentvolumeclaim "data" not found. ${NOT_HELPFUL(1)}`,
  },
  {
    name: "VolumeBinding: an ephemeral volume whose claim is still to be made",
    nodes: [a],
    pod: testPod("p", { volumes: [{ name: "scratch", ephemeral: {} }] }),
    expected: `0/1 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch". ${NOT_HELPFUL(1)}`,
  },
  {
    name: "VolumeBinding: a claim that is bound at once but is not yet",
    nodes: [a],
    objects: [claim("data", { storageClassName: "fast" })],
    pod: testPod("p", using("data")),
    expected: `0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. ${NOT_HELPFUL(1)}`,
  },
  {
    name: "VolumeBinding: a bound volume elsewhere",
    nodes: [a],
    objects: [claim("data", { volumeName: "v" }, BOUND), volume("v", "b")],
    pod: testPod("p", using("data")),
    expected: `0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity. ${NOT_HELPFUL(1)}`,
  },
  {
    name: "VolumeBinding: a bound volume that is gone",
    nodes: [a],
    objects: [claim("data", { volumeName: "v" }, BOUND)],
    pod: testPod("p", using("data")),
    expected: `0/1 nodes are available: 1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s). ${NOT_HELPFUL(1)}`,
  },
  {
    name: "VolumeBinding: waiting for its first consumer, nothing to bind",
    nodes: [a],
    objects: [storageClass("local", "kubernetes.io/no-provisioner"), claim("data", { storageClassName: "local" }), volume("v", "b")],
    pod: testPod("p", using("data")),
    expected: `0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind. ${NOT_HELPFUL(1)}`,
  },
  {
    name: "VolumeBinding: waiting for its first consumer, where the volume is",
    nodes: [a, b, c],
    objects: [storageClass("local", "kubernetes.io/no-provisioner"), claim("data", { storageClassName: "local" }), volume("v", "b")],
    pod: testPod("p", using("data")),
    expected: "b",
  },
  {
    name: "VolumeBinding: a volume can be made",
    nodes: [a],
    objects: [storageClass("made", "example.com/maker"), claim("data", { storageClassName: "made" })],
    pod: testPod("p", using("data")),
    expected: "a",
  },
  {
    name: "VolumeRestrictions: for one Pod at a time",
    nodes: [a, b],
    existing: { a: [testPod("x", using("data"))] },
    objects: [claim("data", { accessModes: ["ReadWriteOncePod"], volumeName: "v" }, BOUND), volume("v", "b")],
    pod: testPod("p", using("data")),
    expected:
      "0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode. " +
      NO_VICTIMS(2),
  },
  {
    name: "DefaultPreemption: never",
    nodes: [testNode("a", {}, { pods: "1" })],
    existing: { a: [testPod("x")] },
    pod: testPod("p", { priority: 10, preemptionPolicy: "Never" }),
    expected: "0/1 nodes are available: 1 Too many pods. preemption: not eligible due to preemptionPolicy=Never.",
  },
];

describe("schedulePod", () => {
  it.each(CASES)("$name", async (row) => {
    expect(outcome(await decide(row))).toBe(row.expected);
  });

  it("remembers who refused, so that the right changes bring the Pod back", async () => {
    const decision = await decide({ nodes: [cordoned("a"), tainted("b", "k", "NoSchedule")], pod: testPod("p") });
    expect(decision).toMatchObject({ type: "unschedulable", rejectedBy: new Set(["NodeUnschedulable", "TaintToleration"]) });
  });

  it.each([
    [99, 99],
    [100, 100],
    [1000, 420],
    [5000, 500],
    [10_000, 500],
  ])("of %d nodes looks for %d that are feasible", (nodes, wanted) => {
    expect(feasibleNodesWanted(nodes)).toBe(wanted);
  });
});

const worth = (name: string, priority: number, cpu: string, labels: Record<string, string> = {}): Pod =>
  testPod(name, { ...asking({ cpu }), priority }, labels);

describe("preemption", () => {
  const budget = (disruptionsAllowed: number) =>
    anyKind(podDisruptionBudgetKind, {
      metadata: { name: "web", namespace: "default" },
      spec: { selector: { matchLabels: { app: "web" } }, minAvailable: 1 },
      status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    } as KubeObject);

  const preempted = async (row: Omit<Case, "expected" | "name">): Promise<unknown> => {
    const decision = await decide(row);
    const nomination = decision.type === "unschedulable" ? decision.nomination : undefined;
    return [nomination?.nodeName, nomination?.victims.map(({ name }) => name)];
  };

  const started = (pod: Pod, startTime: string): Pod => ({ ...pod, status: { startTime } });

  it.each<[string, Record<string, Pod[]>, string, string, string[]]>([
    ["the least important victim", { a: [worth("x", 5, "4")], b: [worth("y", 1, "4")] }, "2", "b", ["y"]],
    ["no more victims than needed", { a: [worth("x", 1, "2"), worth("y", 2, "2")], b: [worth("z", 50, "4")] }, "2", "a", ["x"]],
    ["nobody of the same priority", { a: [worth("x", 10, "4")], b: [worth("y", 9, "4")] }, "2", "b", ["y"]],
    ["fewer victims", { a: [worth("x", 1, "2"), worth("w", 1, "2")], b: [worth("y", 1, "4")] }, "4", "b", ["y"]],
    [
      "the youngest victim",
      {
        a: [started(worth("x", 1, "4"), "2026-01-01T00:00:00Z")],
        b: [started(worth("y", 1, "4"), "2026-01-02T00:00:00Z")],
      },
      "4",
      "b",
      ["y"],
    ],
  ])("takes %s", async (_name, existing, cpu, nodeName, victims) => {
    expect(await preempted({ nodes: [a, b], existing, pod: worth("p", 10, cpu) })).toEqual([nodeName, victims]);
  });

  it.each([
    [0, "b", "y"],
    [1, "a", "x"],
  ])("spares Pods whose disruption budget allows %d disruptions", async (allowed, nodeName, victim) => {
    const existing = { a: [worth("x", 1, "4", { app: "web" })], b: [worth("y", 2, "4")] };
    expect(await preempted({ nodes: [a, b], existing, objects: [budget(allowed)], pod: worth("p", 10, "2") })).toEqual([
      nodeName,
      [victim],
    ]);
  });

  it("leaves the state as it was, and keeps room for the nominated Pod from others", async () => {
    const framework = await testFramework();
    const state = new ClusterState();
    state.setNode(a);
    state.assume(new PodInfo(worth("x", 1, "4")), "a");
    const pod = new PodInfo(worth("p", 10, "4"));
    const decision = schedulePod(pod, state, framework, seededRandom(1));
    expect(state.node("a")?.milliCpu).toBe(4000);
    expect(decision).toMatchObject({ nomination: { nodeName: "a" }, message: "0/1 nodes are available: 1 Insufficient cpu." });
    state.nominated.set(pod, "a");
    state.removePod("uid-x");
    const equal = schedulePod(new PodInfo(worth("q", 10, "1")), state, framework, seededRandom(1));
    expect(equal.type).toBe("unschedulable");
    expect(schedulePod(new PodInfo(worth("r", 11, "1")), state, framework, seededRandom(1)).type).toBe("scheduled");
    expect(schedulePod(pod, state, framework, seededRandom(1))).toMatchObject({ type: "scheduled", nodeName: "a" });
  });
});
