import { deploymentKind, podKind, type Deployment } from "@skiff/api";
import { ListWatchInformer, type Client } from "@skiff/client";
import { startCluster } from "@skiff/cluster/testing";
import { BENCH_HOST } from "./bench-host.ts";
import type { Measurement } from "./measurement.ts";

/** How large a roll-out is. */
export interface RolloutSize {
  readonly runs: number;
  readonly nodes: number;
  readonly replicas: number;
}

/** A Deployment without requests, so that any nodes take it as long as they have room for the Pods. */
function manyPods(name: string, replicas: number): Deployment {
  return {
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "example.com/app:1" }] } },
    },
  };
}

/**
 * Creates a Deployment and answers how many Pods came to run per second, until all of them did. An informer looks on: it goes
 * on where a server ends the watch of a client that is too busy to read, as upstream's does.
 */
export async function rolloutRate(client: Client, name: string, replicas: number): Promise<number> {
  const running = new Set<string>();
  const informer = new ListWatchInformer(client.resource(podKind), { namespace: "default", labelSelector: `app=${name}` }, BENCH_HOST);
  let finished = (): void => {};
  const all = new Promise<void>((resolve) => (finished = resolve));
  informer.onChange(({ object }) => {
    if (object.status?.phase === "Running") running.add(object.metadata?.uid ?? "");
    if (running.size >= replicas) finished();
  });
  informer.start();
  try {
    await informer.synced();
    const started = performance.now();
    await client.resource(deploymentKind).create(manyPods(name, replicas));
    await all;
    return replicas / ((performance.now() - started) / 1000);
  } finally {
    await informer.stop();
  }
}

/**
 * A Deployment from its creation to all Pods Running in an in-process cluster, in real time. The processor time says more
 * than the rate where others use the machine too.
 */
export async function benchRollout({ runs, nodes, replicas }: RolloutSize): Promise<Measurement[]> {
  const rates: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run++) {
    await using cluster = await startCluster({ nodes, time: "system", cpuCount: 64, memoryBytes: 256 * 2 ** 30 });
    const before = process.cpuUsage();
    rates.push(await rolloutRate(cluster.client, "many", replicas));
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000 / replicas);
  }
  const name = `in-process: Deployment of ${replicas} on ${nodes} simulated nodes`;
  return [
    { name: `${name}, Pods to Running`, unit: "per second", values: rates },
    { name: `${name}, processor time of a Pod`, unit: "ms", values: cpu },
  ];
}
