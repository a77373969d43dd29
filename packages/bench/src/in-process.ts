import { configMapKind, deploymentKind, podKind, type Deployment, type Pod } from "@skiff/api";
import { startCluster } from "@skiff/cluster/testing";
import type { Measurement } from "./measurement.ts";

/** How large the benchmarks are: tiny in the test run, real on demand. */
export interface BenchSize {
  readonly runs: number;
  readonly nodes: number;
  readonly replicas: number;
  readonly objects: number;
  readonly watchers: number;
}

const now = (): number => performance.now();

/** The in-process cluster: start, memory, stop. */
export async function benchStart({ runs }: BenchSize): Promise<Measurement[]> {
  const start: number[] = [];
  const stop: number[] = [];
  const memory: number[] = [];
  for (let run = 0; run < runs; run++) {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    const t0 = now();
    const cluster = await startCluster({ nodes: 1, time: "system" });
    start.push(now() - t0);
    memory.push(Math.max(0, process.memoryUsage().rss - before) / 2 ** 20);
    const t1 = now();
    await cluster.stop();
    stop.push(now() - t1);
  }
  return [
    { name: "in-process cluster: start to ready", unit: "ms", values: start },
    { name: "in-process cluster: memory added", unit: "MiB", values: memory },
    { name: "in-process cluster: stop", unit: "ms", values: stop },
  ];
}

/** A Deployment from its creation to all Pods Running, on simulated nodes, in real time. */
export async function benchDeployment({ runs, nodes, replicas }: BenchSize): Promise<Measurement[]> {
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) {
    const cluster = await startCluster({ nodes, time: "system", cpuCount: 64, memoryBytes: 256 * 2 ** 30 });
    const deployment: Deployment = {
      metadata: { name: "many", namespace: "default" },
      spec: {
        replicas,
        selector: { matchLabels: { app: "many" } },
        template: { metadata: { labels: { app: "many" } }, spec: { containers: [{ name: "main", image: "example.com/app:1" }] } },
      },
    };
    const running = new Set<string>();
    let finished = (): void => {};
    const all = new Promise<void>((resolve) => (finished = resolve));
    const watch = await cluster.client.resource(podKind).watch({ namespace: "default" }, (events) => {
      for (const { object } of events) if ((object as Pod).status?.phase === "Running") running.add(object.metadata?.uid ?? "");
      if (running.size >= replicas) finished();
    });
    const t0 = now();
    await cluster.client.resource(deploymentKind).create(deployment);
    await all;
    rates.push(replicas / ((now() - t0) / 1000));
    watch.close();
    await cluster.stop();
  }
  return [{ name: `Deployment of ${replicas} on ${nodes} simulated nodes: Pods to Running`, unit: "per second", values: rates }];
}

/** The API in process: create, get, list, and one change seen by many watchers. */
export async function benchApi({ runs, objects, watchers }: BenchSize): Promise<Measurement[]> {
  const create: number[] = [];
  const get: number[] = [];
  const list: number[] = [];
  const fanOut: number[] = [];
  for (let run = 0; run < runs; run++) {
    const cluster = await startCluster({ nodes: 0, time: "system" });
    const configMaps = cluster.client.resource(configMapKind);
    const t0 = now();
    for (let index = 0; index < objects; index++)
      await configMaps.create({ metadata: { name: `c-${index}`, namespace: "default" }, data: { key: "value" } });
    create.push(((now() - t0) * 1000) / objects);
    const t1 = now();
    for (let index = 0; index < objects; index++) await configMaps.get({ namespace: "default", name: `c-${index}` });
    get.push(((now() - t1) * 1000) / objects);
    const t2 = now();
    await configMaps.list({ namespace: "default" });
    list.push(now() - t2);
    let seen = 0;
    let finished = (): void => {};
    const all = new Promise<void>((resolve) => (finished = resolve));
    const { resourceVersion } = (await configMaps.list({ namespace: "default", limit: 1 })).metadata ?? {};
    const handles = await Promise.all(
      Array.from({ length: watchers }, () =>
        configMaps.watch({ namespace: "default", resourceVersion }, () => {
          if (++seen === watchers) finished();
        }),
      ),
    );
    const t3 = now();
    await configMaps.create({ metadata: { name: "last", namespace: "default" } });
    await all;
    fanOut.push(now() - t3);
    for (const handle of handles) handle.close();
    await cluster.stop();
  }
  return [
    { name: "in-process CREATE", unit: "µs", values: create },
    { name: "in-process GET", unit: "µs", values: get },
    { name: `in-process LIST of ${objects}`, unit: "ms", values: list },
    { name: `one change to ${watchers} watchers`, unit: "ms", values: fanOut },
  ];
}
