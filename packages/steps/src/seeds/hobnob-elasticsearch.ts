import { exist, expecting, expectingWithin, gone, inCluster, prints, runningPods, says, table, PODS } from "../expectations.ts";
import { must, SILENT, type Outcome } from "../outcome.ts";
import type { Expectation } from "../expectations.ts";
import type { StepCheck } from "../seed-plan.ts";
import { objectsOf } from "../step.ts";
import type { World } from "../world.ts";
import { DEPLOYMENTS, THREE_READY } from "./hobnob-minikube.ts";

/** Starting Elasticsearch on a busy machine. */
export const START_MS = 240_000;
const ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;

/** What Elasticsearch answered. Errors: when it is not JSON. */
function json({ stdout }: Outcome): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    must(false, `not JSON: ${stdout.slice(0, 500)}`);
  }
}

interface Written {
  readonly _version: number;
  readonly result: string;
  readonly _shards: { readonly total: number; readonly successful: number; readonly failed: number };
}

/** A new document was written to this many of its two copies. */
function created(copies: readonly number[]): Expectation {
  return (outcome) => {
    const { _version, result, _shards } = json(outcome) as Written;
    const right = _version === 1 && result === "created" && _shards.total === 2 && _shards.failed === 0;
    must(right && copies.includes(_shards.successful), outcome.stdout);
  };
}

/** The document that the chapter stores. */
const FOUND = expecting((outcome) => {
  const { found, _source } = json(outcome) as { found?: boolean; _source?: { foo?: string } };
  must(found === true && _source?.foo === "bar", outcome.stdout);
});

const NO_INDEX = expecting((outcome) => {
  const { error, status } = json(outcome) as { error?: { type: string; reason: string }; status?: number };
  must(status === 404 && error?.type === "index_not_found_exception" && error.reason === "no such index", outcome.stdout);
});

/** An Elasticsearch that has a cluster's id; ids of different clusters differ. */
const LONE: StepCheck = expectingWithin(START_MS, (outcome, world, { id }) => {
  const about = json(outcome) as { cluster_name: string; cluster_uuid: string; version: Record<string, unknown>; tagline: string };
  must(about.cluster_name === "docker-cluster" && about.tagline === "You Know, for Search", outcome.stdout);
  must(about.version["number"] === "6.3.2" && about.version["lucene_version"] === "7.3.1", outcome.stdout);
  must(/^[\w-]{22}$/.test(about.cluster_uuid), "it has not become a cluster yet");
  const others = [...world.facts].filter(([fact]) => fact.startsWith("lone ") && fact !== `lone ${id}`).map(([, uuid]) => uuid);
  must(!others.includes(about.cluster_uuid), "two of the lone servers are one cluster");
  world.facts.set(`lone ${id}`, about.cluster_uuid);
});

/** All members say the same id. */
const ONE_CLUSTER: StepCheck = expectingWithin(START_MS, ({ stdout }, world, { id }) => {
  must(/^[\w-]{22}\n$/.test(stdout), `not an id: ${stdout}`);
  if (id === "s002-082") world.facts.set("cluster uuid", stdout);
  must(world.facts.get("cluster uuid") === stdout, `another cluster than that of elasticsearch-0: ${stdout}`);
});

/** The state of a cluster has three members and one of them as its master. */
export const THREE_MEMBERS: Expectation = (outcome) => {
  const state = json(outcome) as {
    cluster_name: string;
    master_node: string;
    nodes: Record<string, { name: string; transport_address: string }>;
  };
  const nodes = Object.entries(state.nodes);
  must(state.cluster_name === "docker-cluster" && nodes.length === 3, `${nodes.length} members`);
  must(state.master_node in state.nodes, "the master is none of the members");
  for (const [id, { name, transport_address }] of nodes)
    must(id.startsWith(name) && name.length === 7 && transport_address.endsWith(":9300"), outcome.stdout);
};

/** Waits until Elasticsearch of the Pod answers with a state that has both copies of everything. */
export async function untilGreen(world: World, pod: string): Promise<string> {
  return world.eventually(
    `a healthy cluster of three at ${pod}`,
    async () => {
      const address = (await world.ok(`kubectl get pod ${pod} -o jsonpath='{.status.podIP}'`)).trim();
      const health = json(await world.workspace.run(`curl --silent --max-time 5 http://${address}:9200/_cluster/health`)) as {
        status: string;
        number_of_nodes: number;
      };
      return health.status === "green" && health.number_of_nodes === 3 && address;
    },
    START_MS,
  );
}

const REPLICATED: StepCheck = {
  withinMs: START_MS,
  ...expecting(created([1, 2]), async (_outcome, world) => {
    // The second copy of a new index may still be on its way when the first write is answered.
    const address = await untilGreen(world, "elasticsearch-0");
    const body = `-X PUT 'http://${address}:9200/test/doc/again-${Date.now()}' -H 'Content-Type: application/json' -d '{}'`;
    const answer = await world.workspace.run(`curl --silent ${body}`);
    await created([2])(answer, world, world.steps[0]!);
  }),
};

/** Each Pod of the set is found by its own name, also the one that takes the place of another. */
const NAMES: StepCheck = {
  withinMs: 120_000,
  async perform(world) {
    await world.ok("kubectl run lookup --image=busybox --restart=Never --command -- sleep 3600");
    await world.ok("kubectl wait --for=condition=Ready pod/lookup --timeout=60s");
    const resolves = async (pod: string): Promise<boolean> => {
      const address = (await world.ok(`kubectl get pod ${pod} -o jsonpath='{.status.podIP}'`)).trim();
      const name = `${pod}.elasticsearch.default.svc.cluster.local`;
      return ADDRESS.test(address) && (await world.ok(`kubectl exec lookup -- nslookup ${name}`)).includes(address);
    };
    for (const ordinal of [0, 1, 2]) await world.eventually(`the name of Pod ${ordinal}`, () => resolves(`elasticsearch-${ordinal}`));
    await world.ok("kubectl delete pod elasticsearch-2");
    await world.eventually("the name of the new Pod 2", () => resolves("elasticsearch-2"));
    await world.ok("kubectl delete pod lookup --now");
    return SILENT;
  },
  ...expecting(),
};

/** Three lone servers by a Deployment, then one cluster by a StatefulSet. */
export const ELASTICSEARCH_CHECKS: Readonly<Record<string, StepCheck>> = {
  "s002-050": expecting(says("created", "deployment/elasticsearch")),
  "s002-051": expecting(
    inCluster("the Pods are not those of a ReplicaSet of the Deployment, on a node and started", async (world) => {
      const pods = await world.pods("app=elasticsearch");
      const set = (await world.get(`replicasets -l app=elasticsearch`)) as unknown as {
        metadata: { name: string; ownerReferences?: { name: string }[] };
      }[];
      const name = set.find(({ metadata }) => metadata.ownerReferences?.[0]?.name === "elasticsearch")?.metadata.name;
      return (
        pods.length === 3 &&
        pods.every(
          ({ metadata, spec, status }) => metadata.ownerReferences?.[0]?.name === name && spec.nodeName && status.phase === "Running",
        )
      );
    }),
  ),
  "s002-052": expecting(table({ headings: DEPLOYMENTS, rows: [{ NAME: "elasticsearch", "UP-TO-DATE": "3" }] })),
  "s002-053": expecting(prints('deployment "elasticsearch" successfully rolled out'), THREE_READY),
  "s002-054": expecting(table({ headings: DEPLOYMENTS, rows: [{ NAME: "elasticsearch", "UP-TO-DATE": "3", AVAILABLE: "3" }] })),
  "s002-055": expecting(
    table({
      headings: ["NAME", "DESIRED", "CURRENT", "READY", "AGE"],
      rows: [{ NAME: /^elasticsearch-[a-z0-9]+$/, DESIRED: "3", CURRENT: "3", READY: "3" }],
    }),
  ),
  "s002-056": expecting(
    table({
      headings: [...PODS, "LABELS"],
      rows: Array.from({ length: 3 }, () => ({ NAME: /^elasticsearch-/, LABELS: /^app=elasticsearch,pod-template-hash=\w+$/ })),
    }),
  ),
  "s002-057": expecting(
    prints(/^Name: /m, /^Namespace: +default/m, /^Node: /m, /^Labels: +app=elasticsearch/m, /pod-template-hash=/, /^Annotations: +<none>/m),
    prints(/^Status: +Running/m, /^IP: +\d/m, /^Controlled By: +ReplicaSet\/elasticsearch-/m, /^Containers:/m, "Container ID:"),
    prints("Ports:", "9200/TCP, 9300/TCP", "Host Ports:", "0/TCP, 0/TCP", "Running", "Restart Count:", "Environment:", "<none>"),
    prints("/var/run/secrets/kubernetes.io/serviceaccount", /^Conditions:/m, /^Volumes:/m),
    prints(/^ +Initialized +True/m),
    prints(/^ +Ready +True/m),
    prints(/^ +PodScheduled +True/m),
    prints(/^QoS Class: +BestEffort/m, /^Events:/m, "Scheduled", "Pulled", "Created", "Started"),
  ),
  "s002-059": LONE,
  "s002-060": expecting(
    table({ headings: ["NAME", "IP"], rows: Array.from({ length: 3 }, () => ({ NAME: /^elasticsearch-/, IP: ADDRESS })), count: 3 }),
  ),
  "s002-061": LONE,
  "s002-062": LONE,
  "s002-063": expecting(created([1])),
  "s002-064": FOUND,
  "s002-065": NO_INDEX,
  "s002-066": NO_INDEX,
  // The list is still empty here; the server is asked whether it would take such a variable.
  "s002-067": {
    perform: (world, { text }) =>
      world.workspace.run(
        `kubectl patch deployment elasticsearch --dry-run=server -p '${JSON.stringify({ spec: { template: { spec: objectsOf(text)[0] } } })}'`,
      ),
    ...expecting(prints(/elasticsearch patched/)),
  },
  "s002-070": expecting(says("created", "service/elasticsearch")),
  "s002-071": expecting(
    table({
      headings: ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
      rows: [
        { NAME: "elasticsearch", TYPE: "ClusterIP", "CLUSTER-IP": "None", "EXTERNAL-IP": "<none>", "PORT(S)": "9200/TCP,9300/TCP" },
        { NAME: "kubernetes", TYPE: "ClusterIP", "PORT(S)": "443/TCP" },
      ],
    }),
  ),
  "s002-072": expectingWithin(90_000, gone("deployments", "elasticsearch"), gone("pods -l app=elasticsearch")),
  "s002-074": NAMES,
  "s002-077": expecting(says("created", "statefulset/elasticsearch"), exist("statefulsets", "elasticsearch")),
  "s002-078": expecting(table({ headings: ["NAME", "AGE"], rows: [{ NAME: "elasticsearch", READY: "3/3" }] })),
  "s002-079": expecting(table({ headings: PODS, rows: runningPods(/^elasticsearch-0$/, /^elasticsearch-1$/, /^elasticsearch-2$/) })),
  "s002-080": expecting(
    table({ headings: ["NAME", "IP"], rows: [0, 1, 2].map((ordinal) => ({ NAME: `elasticsearch-${ordinal}`, IP: ADDRESS })), count: 3 }),
  ),
  "s002-081": expecting(prints(/^\d+\.\d+\.\d+\.\d+$/m)),
  "s002-082": ONE_CLUSTER,
  "s002-083": ONE_CLUSTER,
  "s002-084": ONE_CLUSTER,
  "s002-085": expectingWithin(START_MS, THREE_MEMBERS),
  "s002-086": REPLICATED,
  "s002-087": FOUND,
  "s002-088": FOUND,
  "s002-089": FOUND,
};
