import { componentHost } from "@skiff/base";
import { InformerFactory, type Client } from "@skiff/client";
import { SimulatedNodes } from "@skiff/cluster";
import { isConditionTrue, nodeKind, type Node } from "@skiff/api";
import { BENCH_HOST } from "./bench-host.ts";
import { benchApi, type ApiBenchSize } from "./api-bench.ts";
import { START } from "./in-process.ts";
import type { Measurement } from "./measurement.ts";
import { totalUsage } from "./process-usage.ts";
import { rolloutRate, type RolloutSize } from "./rollout-bench.ts";
import { SkiffCluster } from "./skiff-cluster.ts";
import { UpstreamCluster } from "./upstream-cluster.ts";

const UPSTREAM = "etcd + kube-apiserver";
const SKIFF = "skiff server (LMDB)";
const UPSTREAM_START = `${UPSTREAM}: start to ready`;

/** Upstream's control plane as envtest starts it; the in-process cluster's start is compared with it. */
export async function benchUpstreamStart({ runs }: { readonly runs: number }): Promise<Measurement[]> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    const cluster = await UpstreamCluster.start({ host: BENCH_HOST });
    values.push(performance.now() - started);
    await cluster.stop();
  }
  return [{ name: UPSTREAM_START, unit: "ms", values }];
}

/** Adds the comparison of starts, if both were measured. */
export function compareStarts(measurements: readonly Measurement[]): Measurement[] {
  const isThere = measurements.some(({ name }) => name === UPSTREAM_START);
  return measurements.map((each) => (isThere && each.name === START ? { ...each, against: UPSTREAM_START } : each));
}

/** The API over HTTPS by the same client: ours with its store on disk, and upstream's with etcd. */
export async function benchHttpsApi(size: ApiBenchSize, withUpstream: boolean): Promise<Measurement[]> {
  const skiff = await SkiffCluster.start("bench-api", ["--runtime", "simulated"]);
  const ours: Measurement[] = [];
  try {
    const against = withUpstream ? UPSTREAM : undefined;
    ours.push(...(await benchApi({ name: SKIFF, client: await skiff.client(), ...(against === undefined ? {} : { against }) }, size)));
  } finally {
    await skiff.remove();
  }
  if (!withUpstream) return ours;
  const upstream = await UpstreamCluster.start({ host: BENCH_HOST });
  try {
    return [...ours, ...(await benchApi({ name: UPSTREAM, client: upstream.client() }, size))];
  } finally {
    await upstream.stop();
  }
}

/**
 * A Deployment over HTTPS on simulated nodes that this process plays: with Skiff's control plane, and with all of upstream's.
 * The processor time is that of the control plane alone.
 */
export async function benchHttpsRollout(size: RolloutSize, withUpstream: boolean): Promise<Measurement[]> {
  const title = `Deployment of ${size.replicas} on ${size.nodes} simulated nodes over HTTPS`;
  const skiff = await SkiffCluster.start("bench-rollout", ["--runtime", "simulated", "--nodes", "1"]);
  let ours: Rollouts;
  try {
    const client = await skiff.client();
    const pids = (await skiff.processes()).filter(({ role }) => role === "server").map(({ pid }) => pid);
    ours = await rollouts(client, pids, size);
  } finally {
    await skiff.remove();
  }
  if (!withUpstream) return figures(`${title}, skiff server`, ours);
  const upstream = await UpstreamCluster.start({ host: BENCH_HOST, components: ["kube-scheduler", "kube-controller-manager"] });
  try {
    const pids = upstream.programs.flatMap(({ pid }) => pid ?? []);
    const theirs = await rollouts(upstream.client(), pids, size);
    const other = `${title}, upstream's control plane`;
    return [...figures(`${title}, skiff server`, ours, other), ...figures(other, theirs)];
  } finally {
    await upstream.stop();
  }
}

interface Rollouts {
  readonly rates: number[];
  /** Processor milliseconds of the control plane for each Pod. */
  readonly cpu: number[];
}

function figures(name: string, { rates, cpu }: Rollouts, against?: string): Measurement[] {
  const figure = (what: string, unit: Measurement["unit"], values: readonly number[]): Measurement => ({
    name: `${name}: ${what}`,
    unit,
    values,
    ...(against === undefined ? {} : { against: `${against}: ${what}` }),
  });
  return [figure("Pods to Running", "per second", rates), figure("processor time of a Pod", "ms", cpu)];
}

async function rollouts(client: Client, pids: readonly number[], { runs, nodes, replicas }: RolloutSize): Promise<Rollouts> {
  const host = componentHost(BENCH_HOST, "bench");
  const informers = new InformerFactory(client, host);
  const simulated = new SimulatedNodes({
    host,
    client,
    informers,
    names: Array.from({ length: nodes }, (_, index) => `played-${index + 1}`),
    clusterDns: "10.96.0.10",
    clusterDomain: "cluster.local",
    cpuCount: 64,
    memoryBytes: 256 * 2 ** 30,
  });
  try {
    await simulated.start();
    await nodesReady(informers, nodes);
    const result: Rollouts = { rates: [], cpu: [] };
    const cpu = (): number => totalUsage(pids).cpuMs;
    for (let run = 0; run < runs; run++) {
      const before = cpu();
      result.rates.push(await rolloutRate(client, `many-${run}`, replicas));
      result.cpu.push((cpu() - before) / replicas);
    }
    return result;
  } finally {
    await simulated.stop();
    await informers.stop();
  }
}

/** Waits for the nodes that are simulated here; an informer goes on where a server ends a watch. */
async function nodesReady(informers: InformerFactory, count: number): Promise<void> {
  const nodes = informers.informer(nodeKind);
  const isDone = (): boolean => nodes.list().filter(takesPods).length >= count;
  let finished = (): void => {};
  const all = new Promise<void>((resolve) => (finished = resolve));
  const stop = nodes.onChange(() => isDone() && finished());
  informers.start();
  if (!isDone()) await all;
  stop();
}

function takesPods({ metadata, spec, status }: Node): boolean {
  return (
    isConditionTrue(status?.conditions, "Ready") && (spec?.taints ?? []).length === 0 && metadata?.name?.startsWith("played-") === true
  );
}
