import { exist, expecting, expectingWithin, gone, inCluster, prints, ready, type RowPattern, says, table, PODS } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { StepCheck } from "../seed-plan.ts";
import { replaced } from "../replacements.ts";
import type { World } from "../world.ts";
import { getDocument, putDocument, replaceAllPods } from "./hobnob-cloud.ts";
import { START_MS, untilGreen } from "./hobnob-elasticsearch.ts";

/** The StatefulSet before it has claims; what raises a limit that some machines keep is left out. */
function withoutClaims(world: World): string {
  const text = world.steps.find(({ id }) => id === "s002-112")?.text ?? "";
  return text.replace("ulimit -n 65536", "ulimit -n");
}

/** All three copies of the set get one folder of the node: the first locks it, the others give up. */
const ONE_FOLDER: StepCheck = {
  withinMs: START_MS,
  async perform(world) {
    await world.ok("kubectl delete statefulset/elasticsearch pod/elasticsearch");
    await world.eventually("the end of the old Pods", async () => (await world.pods("app=elasticsearch")).length === 0);
    await world.ok("rm -rf data && mkdir data && chown 1000:1000 data");
    const volumes = `volumes: [{name: shared, hostPath: {path: ${world.workspace.directory}/data, type: Directory}}]`;
    const mounts = "volumeMounts: [{name: shared, mountPath: /usr/share/elasticsearch/data}]";
    await world.apply(
      withoutClaims(world)
        .replace(/^( +)containers:$/m, `$1${volumes}\n$1containers:`)
        .replace(/^( +)env:$/m, `$1${mounts}\n$1env:`),
    );
    return SILENT;
  },
  async verify(_outcome, world, step) {
    const stdout = await world.ok("kubectl get pods");
    const failing = /^(CrashLoopBackOff|Error)$/;
    const rows: readonly RowPattern[] = [
      { NAME: "elasticsearch-0", READY: "1/1", STATUS: "Running" },
      { NAME: "elasticsearch-1", READY: "0/1", STATUS: failing, RESTARTS: /^[1-9]/ },
      { NAME: "elasticsearch-2", READY: "0/1", STATUS: failing, RESTARTS: /^[1-9]/ },
    ];
    await table({ headings: PODS, rows, count: 3 })({ code: 0, stdout, stderr: "" }, world, step);
  },
};

function claim(name: string, size: string): string {
  return `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {storageClassName: sized, accessModes: [ReadWriteOnce], resources: {requests: {storage: ${size}}}}
---
`;
}

/** A claim gets a volume that is large enough, or none; what becomes of both when the claim goes. */
const CLAIMS: StepCheck = {
  async perform(world) {
    await world.ok("kubectl delete statefulset elasticsearch");
    const volume = (name: string): string => `apiVersion: v1
kind: PersistentVolume
metadata: {name: ${name}}
spec:
  storageClassName: sized
  capacity: {storage: 25Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: ${world.workspace.directory}/${name}, type: DirectoryOrCreate}
---
`;
    await world.apply(volume("sized-1") + volume("sized-2") + claim("small", "10Gi") + claim("large", "40Gi"));
    const phase = (what: string): Promise<string> => world.ok(`kubectl get ${what} -o jsonpath='{.status.phase}'`);
    await world.eventually("the small claim's volume", async () => (await phase("pvc small")) === "Bound");
    must((await phase("pvc large")) === "Pending", "the large claim is bound to a volume that is too small");
    const bound = await world.ok("kubectl get pvc small -o jsonpath='{.spec.volumeName}'");
    await world.ok(`mkdir -p ${bound} && echo kept >${bound}/file && kubectl delete pvc small large`);
    await world.eventually("the released volume", async () => (await phase(`pv ${bound}`)) === "Released");
    await world.ok("kubectl delete pv sized-1 sized-2");
    must((await world.ok(`cat ${bound}/file`)) === "kept\n", "the data went with the volume's object");
    return SILENT;
  },
  ...expectingWithin(90_000, gone("pv", "sized-1", "sized-2"), gone("pods -l app=elasticsearch")),
};

/** A class of its own name: `standard` is there already. */
const CLASS: StepCheck = {
  async perform(world, { text }) {
    await world.workspace.write("class.yaml", text.replace("name: standard", "name: documented"));
    const outcome = await world.workspace.run("kubectl apply -f class.yaml");
    const [policy, type] = (await world.ok("kubectl get storageclass documented -o jsonpath='{.reclaimPolicy} {.parameters.type}'")).split(
      " ",
    );
    must(policy === "Retain" && type === "gp2", `the class has ${policy} and ${type}`);
    await world.ok("kubectl delete storageclass documented");
    return outcome;
  },
  ...expecting(says("created", "storageclass/documented")),
};

/** A set's claims cannot be changed, so it is deleted and made anew. */
const FROM_SCRATCH: StepCheck = {
  async perform(world) {
    await world.apply(withoutClaims(world));
    const { code, stderr } = await world.workspace.run("kubectl apply -f manifests/elasticsearch/stateful-set.yaml");
    must(code !== 0 && stderr.includes("updates to statefulset spec for fields other than"), `the claims were changed: ${stderr}`);
    await world.ok("kubectl delete -f manifests/elasticsearch/service.yaml -f manifests/elasticsearch/stateful-set.yaml");
    return SILENT;
  },
  ...expectingWithin(90_000, gone("pods -l app=elasticsearch"), gone("services", "elasticsearch")),
};

/** What is stored outlives every Pod. */
const KEEPS: StepCheck = {
  withinMs: START_MS,
  async perform(world, { text }) {
    const outcome = await world.workspace.run(text);
    await world.eventually(
      "three Pods",
      async () => (await world.ok("kubectl get statefulset elasticsearch -o jsonpath='{.status.readyReplicas}'")) === "3",
      START_MS,
    );
    await putDocument(world, await untilGreen(world, "elasticsearch-0"));
    const answer = await getDocument(world, await replaceAllPods(world));
    must(answer.includes('"foo":"bar"'), `the document is gone: ${answer}`);
    return outcome;
  },
  ...expecting(
    says("created", "statefulset/elasticsearch"),
    ready("statefulset elasticsearch", 3),
    exist("pvc", "data-elasticsearch-0", "data-elasticsearch-1", "data-elasticsearch-2"),
  ),
};

/** Volumes: a folder of the node, claims, classes, and a claim for each Pod. */
export const VOLUME_CHECKS: Readonly<Record<string, StepCheck>> = {
  "s002-122": {
    withinMs: START_MS,
    async perform(world, { text }) {
      const { code, stdout, stderr } = await world.workspace.run("chown 1000:1000 data && stat -c %u:%g data");
      must(code === 0 && stdout.trim() === "1000:1000", stderr);
      await world.apply(await replaced(text, world, [{ pattern: /(?<=\s)\/data\b/g, value: () => `${world.workspace.directory}/data` }]));
      return SILENT;
    },
    ...expecting(
      inCluster("the server does not answer", async (world) => {
        const address = await world.ok("kubectl get pod elasticsearch -o jsonpath='{.status.podIP}'");
        return /"number" : "6\.2\.4"/.test(await world.ok(`curl --silent --max-time 5 http://${address}:9200/`));
      }),
    ),
  },
  "s002-123": expecting(),
  "s002-124": expecting(),
  "s002-125": {
    perform: (world) => world.workspace.run("(cd data && find . -type f | sort)"),
    ...expecting(prints(/^\.\/nodes\/0\/_state\/global-\d+\.st$/m, /^\.\/nodes\/0\/_state\/node-\d+\.st$/m, /^\.\/nodes\/0\/node\.lock$/m)),
  },
  "s002-126": ONE_FOLDER,
  "s002-127": {
    withinMs: START_MS,
    ...expecting(
      prints("failed to obtain node locks, tried [[/usr/share/elasticsearch/data/docker-cluster]] with lock id [0]", "(was [1])?"),
    ),
  },
  "s002-128": CLAIMS,
  "s002-129": CLASS,
  // Accounts have no Secret with a token since Kubernetes 1.24; a token is asked for.
  "s002-131": expecting(
    inCluster(
      "the default account gets no token",
      async (world) => (await world.ok("kubectl create token default")).split(".").length === 3,
    ),
  ),
  "s002-132": expecting(table({ headings: ["NAME", "PROVISIONER", "AGE"], rows: [{ NAME: /^\S+ \(default\)$/ }] })),
  "s002-138": FROM_SCRATCH,
  "s002-139": expecting(says("created", "service/elasticsearch")),
  "s002-140": KEEPS,
};
