import { exist, expecting, expectingWithin, gone, inCluster, prints, runningPods, says, table, PODS } from "../expectations.ts";
import { must, SILENT, type Outcome } from "../outcome.ts";
import type { StepCheck } from "../seed-plan.ts";
import { objectsOf } from "../step.ts";
import type { World } from "../world.ts";
import { START_MS, THREE_MEMBERS, untilGreen } from "./hobnob-elasticsearch.ts";
import { CLUSTER_INFO } from "./hobnob-minikube.ts";

/** The cluster that stands for the cloud provider's. */
export const HOBNOB_CLUSTER = "steps-hobnob";

const UP_MS = 300_000;
const DOWNLOADED = "downloads/hobnob-kubeconfig.yaml";
const SERVICES = ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"];

/** The second cluster, whose kubeconfig has the names that the provider's has. */
const PROVISIONED: StepCheck = {
  withinMs: UP_MS,
  async perform(world) {
    await world.ok("mkdir -p downloads");
    const up = `skiff up --name ${HOBNOB_CLUSTER} --nodes 3 --registry-mirror '*=${world.registry}' --kubeconfig "$PWD/${DOWNLOADED}"`;
    const outcome = await world.workspace.run(up, UP_MS);
    if (outcome.code === 0) {
      const kubeconfig = await world.workspace.read(DOWNLOADED);
      const renamed = kubeconfig
        .replaceAll(`skiff-${HOBNOB_CLUSTER}`, "do-nyc1-hobnob")
        .replaceAll("user: do-nyc1-hobnob", "user: do-nyc1-hobnob-admin")
        .replaceAll(/(users:\n\s*- name: do-nyc1-hobnob)$/gm, "$1-admin");
      await world.workspace.write(DOWNLOADED, renamed);
      await world.ok(`kubectl --kubeconfig ${DOWNLOADED} config view`);
    }
    return outcome;
  },
  ...expecting(
    inCluster("there are no three ready nodes", async (world) => {
      const nodes = await world.ok(`kubectl --kubeconfig ${DOWNLOADED} get nodes --no-headers`);
      return nodes.split("\n").filter((line) => /\sReady\s/.test(line)).length === 3;
    }),
  ),
};

/** A kubeconfig of the document is of the same form as the one here. */
function sameForm(file: string, names: readonly string[]): StepCheck {
  return {
    perform: async () => SILENT,
    async verify(_outcome, world, { text }) {
      const [here] = objectsOf(await world.workspace.read(file)) as Record<string, readonly { readonly name: string }[]>[];
      const [documented] = objectsOf(text) as object[];
      // Nobody has ever had preferences to write there.
      for (const field of Object.keys(documented ?? {}).filter((name) => name !== "preferences"))
        must(here !== undefined && field in here, `${file} has no ${field}`);
      for (const name of names)
        must(here?.["contexts"]?.some((context) => context.name === name) === true, `${file} has no context ${name}`);
    },
  };
}

/** Says what Elasticsearch says on a machine whose limit is too low. */
const LIMITS: StepCheck = {
  withinMs: START_MS,
  async perform(world) {
    await world.ok("sysctl -w vm.max_map_count=65530");
    try {
      await world.ok("kubectl run limited --restart=Never --image=docker.elastic.co/elasticsearch/elasticsearch-oss:6.3.2");
      await world.eventually(
        "the end of a server with too low a limit",
        async () => (await world.ok("kubectl get pod limited -o jsonpath='{.status.phase}'")) === "Failed",
        START_MS,
      );
      return await world.workspace.run("kubectl logs limited");
    } finally {
      await world.ok("sysctl -w vm.max_map_count=262144");
      await world.ok("kubectl delete pod limited --ignore-not-found");
    }
  },
  ...expecting(
    prints(
      "ERROR: [1] bootstrap checks failed",
      "[1]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]",
    ),
  ),
};

/** Init containers end one after the other before the others start; one that fails is tried again and holds up the rest. */
const INIT_CONTAINERS: StepCheck = {
  async perform(world) {
    const pod = (name: string, first: string): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: notes, emptyDir: {}}]
  initContainers:
  - {name: one, image: busybox, command: [sh, -c, '${first}'], volumeMounts: [{name: notes, mountPath: /n}]}
  - {name: two, image: busybox, command: [sh, -c, 'echo two >>/n/order'], volumeMounts: [{name: notes, mountPath: /n}]}
  containers:
  - {name: app, image: busybox, command: [sh, -c, 'cat /n/order; sleep 3600'], volumeMounts: [{name: notes, mountPath: /n}]}
`;
    await world.apply(pod("init-works", "sleep 1; echo one >>/n/order"));
    await world.apply(pod("init-fails", "exit 1"));
    await world.ok("kubectl wait --for=condition=Ready pod/init-works --timeout=60s");
    must((await world.ok("kubectl logs init-works -c app")) === "one\ntwo\n", "the init containers did not run in their order");
    await world.eventually("another try of the failing init container", async () =>
      /Init:(Error|CrashLoopBackOff)\s+[1-9]/.test(await world.ok("kubectl get pod init-fails")),
    );
    const waiting = "{.status.initContainerStatuses[1].state.waiting.reason} {.status.containerStatuses[0].state.waiting.reason}";
    const reasons = await world.ok(`kubectl get pod init-fails -o jsonpath='${waiting}'`);
    must(reasons === "PodInitializing PodInitializing", `what comes after the failing init container is not held up: ${reasons}`);
    await world.ok("kubectl delete pod init-works init-fails");
    return SILENT;
  },
  ...expecting(gone("pods")),
};

const FORWARDED: StepCheck = {
  async perform(world, step) {
    const forwarding = world.workspace.start(step.text);
    world.running.set(step.id, forwarding);
    await world.eventually("the forwarding", async () => forwarding.stdout.includes("127.0.0.1"));
    return { code: 0, stdout: forwarding.stdout, stderr: forwarding.stderr };
  },
  ...expecting(prints("Forwarding from 127.0.0.1:9200 -> 9200")),
};

/** Puts a document into Elasticsearch of a Pod. */
export async function putDocument(world: World, address: string): Promise<void> {
  const answer = await world.ok(
    `curl --silent -X PUT 'http://${address}:9200/kept/doc/1' -H 'Content-Type: application/json' -d '{"foo":"bar"}'`,
  );
  must(/"result":"(created|updated)"/.test(answer), answer);
}

/** What Elasticsearch of a Pod answers when that document is asked for. */
export async function getDocument(world: World, address: string): Promise<string> {
  return world.ok(`curl --silent 'http://${address}:9200/kept/doc/1'`);
}

/** Deletes every Pod of the set and waits for a healthy cluster of new ones; answers the address of one. */
export async function replaceAllPods(world: World): Promise<string> {
  const old = (await world.pods("app=elasticsearch")).map(({ metadata }) => metadata.uid);
  await world.ok("kubectl delete pods -l app=elasticsearch");
  await world.eventually(
    "three new Pods",
    async () => {
      const pods = await world.pods("app=elasticsearch");
      return pods.length === 3 && pods.every(({ metadata, status }) => !old.includes(metadata.uid) && status.phase === "Running");
    },
    START_MS,
  );
  return untilGreen(world, "elasticsearch-0");
}

/** Without a volume everything goes with the containers. */
const FORGETS: StepCheck = {
  withinMs: START_MS,
  async perform(world): Promise<Outcome> {
    await world.running.get("s002-118")?.stop();
    await putDocument(world, await untilGreen(world, "elasticsearch-0"));
    const answer = await getDocument(world, await replaceAllPods(world));
    must(answer.includes("index_not_found_exception"), `the document is still there: ${answer}`);
    return SILENT;
  },
  ...expecting(),
};

/** The second cluster and Elasticsearch on it. */
export const CLOUD_CHECKS: Readonly<Record<string, StepCheck>> = {
  "s002-090": PROVISIONED,
  "s002-091": sameForm(DOWNLOADED, ["do-nyc1-hobnob"]),
  "s002-092": expecting(prints(/^minikube$/m)),
  "s002-093": sameForm("$HOME/.kube/config", ["minikube"]),
  "s002-094": expecting(),
  "s002-097": expecting(
    prints(/^clusters:/m, "certificate-authority-data: DATA+OMITTED", "name: do-nyc1-hobnob", "name: skiff-steps-002"),
    prints(/^contexts:/m, "name: do-nyc1-hobnob", "name: minikube", "current-context: minikube"),
    prints(/^users:/m, "name: do-nyc1-hobnob-admin", /client-certificate-data: (DATA\+OMITTED|REDACTED)/),
  ),
  "s002-098": expecting(prints('Switched to context "do-nyc1-hobnob".')),
  "s002-099": CLUSTER_INFO,
  "s002-100": LIMITS,
  "s002-103": expecting(
    table({
      headings: ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
      rows: Array.from({ length: 3 }, () => ({ STATUS: "Ready" })),
      count: 3,
    }),
  ),
  "s002-104": expecting(prints("vm.max_map_count = 262144")),
  // Nodes here have internal addresses only, so the same query is made for those as well.
  "s002-108": expecting(
    inCluster("the query does not find one address for each node", async (world) => {
      const query = `kubectl get nodes -o=jsonpath='{.items[*].status.addresses[?(@.type=="InternalIP")].address}'`;
      return /^\d+\.\d+\.\d+\.\d+( \d+\.\d+\.\d+\.\d+){2}$/.test(await world.ok(query));
    }),
  ),
  "s002-110": INIT_CONTAINERS,
  "s002-113": expecting(
    table({ headings: SERVICES, rows: [{ NAME: "service/kubernetes", TYPE: "ClusterIP", "PORT(S)": "443/TCP" }], count: 1 }),
  ),
  "s002-114": expecting(says("created", "service/elasticsearch")),
  "s002-115": expecting(says("created", "statefulset/elasticsearch"), exist("statefulsets", "elasticsearch")),
  "s002-116": expectingWithin(
    START_MS,
    table({ headings: PODS, rows: runningPods(/^pod\/elasticsearch-0$/, /^pod\/elasticsearch-1$/, /^pod\/elasticsearch-2$/) }),
    table({ headings: SERVICES, rows: [{ NAME: "service/elasticsearch", "CLUSTER-IP": "None" }, { NAME: "service/kubernetes" }] }),
    table({ headings: ["NAME", "AGE"], rows: [{ NAME: "statefulset.apps/elasticsearch" }] }),
  ),
  "s002-117": expecting(
    table({ headings: PODS, rows: runningPods(/^elasticsearch-0$/, /^elasticsearch-1$/, /^elasticsearch-2$/), count: 3 }),
  ),
  "s002-118": FORWARDED,
  "s002-119": expectingWithin(
    START_MS,
    THREE_MEMBERS,
    prints('"cluster_uuid"'),
    inCluster(
      "the Pods are not on three nodes",
      async (world) => new Set((await world.pods("app=elasticsearch")).map(({ spec }) => spec.nodeName)).size === 3,
    ),
  ),
  "s002-120": FORGETS,
};
