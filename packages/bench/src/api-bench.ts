import { isStatus, namespaceKind, podKind, serviceAccountKind, type Pod, type WatchHandle } from "@skiff/api";
import type { Client } from "@skiff/client";
import { median, type Measurement } from "./measurement.ts";

/** How much the API is asked for. */
export interface ApiBenchSize {
  readonly runs: number;
  /** How many Pods there are when they are listed. */
  readonly pods: number;
  /** How many requests one after the other make one value. */
  readonly requests: number;
  readonly watchers: number;
}

/** An API server that is measured. */
interface ApiTarget {
  readonly name: string;
  readonly client: Client;
  /** The name of the target that this one is compared with, measured in the same run. */
  readonly against?: string;
}

const NAMESPACE = "bench";
/** So many requests are under way at once where many are made; upstream's limit of writes in flight is 200. */
const PARALLEL = 32;

const now = (): number => performance.now();

/** CREATE, GET, LIST and the fan-out of one change, as a client sees them. Each value is the median of its requests. */
export async function benchApi({ name, client, against }: ApiTarget, size: ApiBenchSize): Promise<Measurement[]> {
  const values = { rate: [], create: [], get: [], list: [], fanOut: [] } as Record<string, number[]>;
  await prepareNamespace(client);
  const pods = client.resource(podKind);
  for (let run = 0; run < size.runs; run++) {
    const started = now();
    await inParallel(size.pods, PARALLEL, (index) => pods.create(benchPod(`p-${run}-${index}`)));
    values["rate"]?.push(size.pods / ((now() - started) / 1000));
    values["create"]?.push(await medianTime(size.requests, (index) => pods.create(benchPod(`q-${run}-${index}`))));
    values["get"]?.push(await medianTime(size.requests, (index) => pods.get({ namespace: NAMESPACE, name: `q-${run}-${index}` })));
    for (let index = 0; index < size.requests; index++) await pods.delete({ namespace: NAMESPACE, name: `q-${run}-${index}` }, AT_ONCE);
    values["list"]?.push(await medianTime(3, async () => expectCount((await pods.list({ namespace: NAMESPACE })).items, size.pods)));
    values["fanOut"]?.push(await fanOut(client, size.watchers, `w-${run}`));
    await pods.delete({ namespace: NAMESPACE, name: `w-${run}` }, AT_ONCE);
    await pods.deleteCollection({ namespace: NAMESPACE }, AT_ONCE);
  }
  const figure = (what: string, unit: Measurement["unit"], key: string): Measurement => ({
    name: `${name}: ${what}`,
    unit,
    values: values[key] ?? [],
    ...(against === undefined ? {} : { against: `${against}: ${what}` }),
  });
  return [
    figure("GET", "ms", "get"),
    figure("CREATE", "ms", "create"),
    figure(`CREATE, ${PARALLEL} at a time`, "per second", "rate"),
    figure(`LIST of ${size.pods} Pods`, "ms", "list"),
    figure(`one change to ${size.watchers} watchers`, "ms", "fanOut"),
  ];
}

const AT_ONCE = { gracePeriodSeconds: 0 };

/** No scheduler minds these Pods, so that only the API server works. */
function benchPod(name: string): Pod {
  return {
    metadata: { name, namespace: NAMESPACE, labels: { app: "bench" } },
    spec: {
      schedulerName: "nobody",
      automountServiceAccountToken: false,
      containers: [{ name: "main", image: "example.com/app:1", resources: { requests: { cpu: "100m", memory: "128Mi" } } }],
    },
  };
}

/** The service account is usually a controller's work; upstream's API server may run without controllers here. */
async function prepareNamespace(client: Client): Promise<void> {
  const unlessThere = (error: unknown): void => {
    if (!isStatus(error, "AlreadyExists")) throw error;
  };
  await client
    .resource(namespaceKind)
    .create({ metadata: { name: NAMESPACE } })
    .then(() => {}, unlessThere);
  await client
    .resource(serviceAccountKind)
    .create({ metadata: { name: "default", namespace: NAMESPACE } })
    .then(() => {}, unlessThere);
}

function expectCount(items: readonly unknown[], count: number): void {
  if (items.length !== count) throw new Error(`the list has ${items.length} objects instead of ${count}`);
}

async function medianTime(count: number, request: (index: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = now();
    await request(index);
    times.push(now() - started);
  }
  return median(times);
}

/** Calls `work` with 0 to `count` - 1, at most `width` at a time. Errors: the first failure. */
async function inParallel(count: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

/** From a request that creates an object to the moment at which the last of `watchers` has seen it, in milliseconds. */
async function fanOut(client: Client, watchers: number, name: string): Promise<number> {
  const pods = client.resource(podKind);
  const { resourceVersion } = (await pods.list({ namespace: NAMESPACE, limit: 1 })).metadata ?? {};
  let seen = 0;
  let finished = (): void => {};
  const all = new Promise<void>((resolve) => (finished = resolve));
  const handles: WatchHandle[] = [];
  // Servers give a TLS handshake ten seconds: a thousand at once do not end in time on a busy machine.
  await inParallel(watchers, PARALLEL, async () => {
    const handle = await pods.watch({ namespace: NAMESPACE, resourceVersion }, (events) => {
      if (events.some(({ object }) => object.metadata?.name === name) && ++seen === watchers) finished();
    });
    handles.push(handle);
  });
  const started = now();
  await pods.create(benchPod(name));
  await all;
  const time = now() - started;
  for (const handle of handles) handle.close();
  return time;
}
