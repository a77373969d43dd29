import { seededRandom, type Clock } from "@skiff/base";
import { replicaSetKind, type Pod, type ReplicaSet } from "@skiff/api";
import { schedulePod } from "./framework/schedule-pod.ts";
import { ClusterState } from "./state/cluster-state.ts";
import { PodInfo } from "./state/pod-info.ts";
import { asking, testNode, testPod } from "./testing/objects.ts";
import { testFramework } from "./testing/offline-plugins.ts";

/** How large a {@link benchScheduler} is. */
interface SchedulerBenchSize {
  readonly nodes: number;
  readonly pods: number;
}

/** What was measured for one sort of Pods. */
interface SchedulerBenchRow {
  readonly workload: string;
  readonly podsPerSecond: number;
  /** Changes when decisions change, whatever their speed. */
  readonly hash: string;
}

const ZONES = 3;
const LABELS = { app: "web" };

const WORKLOADS: Readonly<Record<string, (index: number) => Pod>> = {
  plain: (index) => testPod(`pod-${index}`, asking({ cpu: "100m", memory: "128Mi" })),
  "of a ReplicaSet": (index) => {
    const pod = testPod(`pod-${index}`, asking({ cpu: "100m", memory: "128Mi" }), LABELS);
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "web", controller: true };
    return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
  },
  "spread over zones": (index) => {
    const constraint = { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" };
    const topologySpreadConstraints = [{ ...constraint, labelSelector: { matchLabels: LABELS } }];
    return testPod(`pod-${index}`, { ...asking({ cpu: "100m", memory: "128Mi" }), topologySpreadConstraints }, LABELS);
  },
};

/** Decides and assumes `pods` Pods on `nodes` nodes, by themselves: no API, no bindings. */
export async function benchScheduler({ nodes, pods }: SchedulerBenchSize, clock: Clock): Promise<readonly SchedulerBenchRow[]> {
  const template = { metadata: { labels: LABELS }, spec: { containers: [{ name: "main", image: "example" }] } };
  const web: ReplicaSet = { metadata: { name: "web", namespace: "default" }, spec: { selector: { matchLabels: LABELS }, template } };
  const framework = await testFramework([[replicaSetKind, web]]);
  return Object.entries(WORKLOADS).map(([workload, podOf]) => {
    const state = new ClusterState();
    for (let index = 0; index < nodes; index++) {
      const zone = { "topology.kubernetes.io/zone": `zone-${index % ZONES}` };
      state.setNode(testNode(`node-${index}`, zone, { cpu: "16", memory: "64Gi" }));
    }
    const random = seededRandom(1);
    let hash = 0;
    const startMs = clock.monotonic();
    for (let index = 0; index < pods; index++) {
      const pod = new PodInfo(podOf(index));
      const decision = schedulePod(pod, state, framework, random);
      if (decision.type !== "scheduled") throw new Error(decision.message);
      state.startIndex = (state.startIndex + decision.evaluatedNodes) % nodes;
      state.assume(pod, decision.nodeName);
      for (const character of decision.nodeName) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
    }
    const seconds = Math.max(1, clock.monotonic() - startMs) / 1000;
    return { workload, podsPerSecond: Math.round(pods / seconds), hash: (hash >>> 0).toString(16) };
  });
}

/** The rows as a table for people. */
export function formatSchedulerBench({ nodes, pods }: SchedulerBenchSize, rows: readonly SchedulerBenchRow[]): string {
  const lines = rows.map(({ workload, podsPerSecond, hash }) => `${workload.padEnd(20)} ${String(podsPerSecond).padStart(10)}  ${hash}`);
  return [`${pods} Pods on ${nodes} nodes`, `${"workload".padEnd(20)} ${"Pods/s".padStart(10)}  hash`, ...lines].join("\n");
}
