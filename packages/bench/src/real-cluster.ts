import { podKind, serviceAccountKind, type Pod } from "@skiff/api";
import { sleep, systemClock } from "@skiff/base";
import type { Client } from "@skiff/client";
import { buildBusyboxArchive } from "@skiff/e2e";
import { percentile, type Measurement } from "./measurement.ts";
import { totalUsage, type ProcessUsage } from "./process-usage.ts";
import { SkiffCluster, type ClusterProcess } from "./skiff-cluster.ts";

/** How much a real cluster is put through. */
interface RealClusterSize {
  readonly runs: number;
  /** How many Pods, one after the other, make one run. */
  readonly pods: number;
  /** How long the idle cluster is looked at for one value. */
  readonly idleMs: number;
}

const NAME = "bench-real";
const NAMESPACE = "default";
const IMAGE = "busybox:1.36";

/** The cluster of one node with real containers: `skiff up` with everything installed, an idle cluster, Pods. */
export async function benchRealCluster(size: RealClusterSize): Promise<Measurement[]> {
  const cluster = await SkiffCluster.start(NAME, []);
  try {
    await cluster.skiff(["image", "load", "--name", NAME, await buildBusyboxArchive()]);
    const pods = await benchPods(await cluster.client(), size);
    const idle = await benchIdle(cluster, size);
    return [...(await benchUp(cluster, size)), ...idle, ...pods];
  } finally {
    await cluster.remove();
  }
}

async function benchUp(cluster: SkiffCluster, { runs }: RealClusterSize): Promise<Measurement[]> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) {
    await cluster.down();
    values.push((await cluster.up()) / 1000);
  }
  return [{ name: "skiff up, everything installed, to a Ready node", unit: "s", values }];
}

/** Memory and processor time of the processes of each role together, while nothing happens. */
async function benchIdle(cluster: SkiffCluster, { runs, idleMs }: RealClusterSize): Promise<Measurement[]> {
  const byRole = new Map<string, ClusterProcess[]>();
  for (const each of await cluster.processes()) byRole.set(each.role, [...(byRole.get(each.role) ?? []), each]);
  const memory = new Map<string, number[]>();
  const cpu = new Map<string, number[]>();
  const usageOf = (role: string): ProcessUsage => totalUsage((byRole.get(role) ?? []).map(({ pid }) => pid));
  for (let run = 0; run < runs; run++) {
    const before = new Map(Array.from(byRole.keys(), (role) => [role, usageOf(role)]));
    await sleep(systemClock, idleMs);
    for (const [role, { cpuMs }] of before) {
      const usage = usageOf(role);
      memory.set(role, [...(memory.get(role) ?? []), usage.memoryMiB]);
      cpu.set(role, [...(cpu.get(role) ?? []), ((usage.cpuMs - cpuMs) / idleMs) * 100]);
    }
  }
  return Array.from(byRole.keys()).flatMap((role): Measurement[] => [
    { name: `idle ${role}: memory`, unit: "MiB", values: memory.get(role) ?? [] },
    { name: `idle ${role}: processor over ${idleMs / 1000} s`, unit: "% of a core", values: cpu.get(role) ?? [] },
  ]);
}

async function benchPods(client: Client, { runs, pods }: RealClusterSize): Promise<Measurement[]> {
  const values = { start50: [] as number[], start95: [] as number[], gone: [] as number[] };
  await client.resource(serviceAccountKind).get({ namespace: NAMESPACE, name: "default" });
  for (let run = 0; run < runs; run++) {
    const starts: number[] = [];
    const ends: number[] = [];
    for (let index = 0; index < pods; index++) {
      const { startMs, goneMs } = await timedPod(client, `bench-${run}-${index}`);
      starts.push(startMs);
      ends.push(goneMs);
    }
    values.start50.push(percentile(starts, 50));
    values.start95.push(percentile(starts, 95));
    values.gone.push(percentile(ends, 50));
  }
  return [
    { name: "Pod, image present: create to Running, p50", unit: "ms", values: values.start50 },
    { name: "Pod, image present: create to Running, p95", unit: "ms", values: values.start95 },
    { name: "Pod: delete to gone, p50", unit: "ms", values: values.gone },
  ];
}

/** One Pod from its creation to its end. The container ends at once when it is told to, so that no grace period is measured. */
async function timedPod(client: Client, name: string): Promise<{ readonly startMs: number; readonly goneMs: number }> {
  const pods = client.resource(podKind);
  const command = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1000 & wait $!; done"];
  const pod: Pod = {
    metadata: { name, namespace: NAMESPACE },
    spec: { containers: [{ name: "main", image: IMAGE, imagePullPolicy: "IfNotPresent", command }] },
  };
  let onChange = (_type: string, _pod: Pod): void => {};
  const selection = { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` };
  const watch = await pods.watch(
    { ...selection, resourceVersion: (await pods.list({ namespace: NAMESPACE, limit: 1 })).metadata?.resourceVersion },
    (events) => {
      for (const { type, object } of events) onChange(type, object as Pod);
    },
  );
  const until = (condition: (type: string, pod: Pod) => boolean): Promise<void> =>
    new Promise((resolve) => (onChange = (type, seen) => condition(type, seen) && resolve()));
  try {
    const running = until((_type, seen) => seen.status?.phase === "Running");
    const created = performance.now();
    await pods.create(pod);
    await running;
    const startMs = performance.now() - created;
    const gone = until((type) => type === "DELETED");
    const deleted = performance.now();
    await pods.delete({ namespace: NAMESPACE, name });
    await gone;
    return { startMs, goneMs: performance.now() - deleted };
  } finally {
    watch.close();
  }
}
