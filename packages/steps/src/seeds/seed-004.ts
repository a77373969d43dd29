import { expecting, expectingWithin, gone, inCluster, prints, ready, runningPods, says, table, PODS } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { SeedPlan } from "../seed-plan.ts";
import type { World } from "../world.ts";

const VOLUMES = ["NAME", "CAPACITY", "ACCESS MODES", "RECLAIM POLICY", "STATUS", "CLAIM", "STORAGECLASS", "REASON", "AGE"];

/** The objects that the document's network add-on is said to make. Skiff's nodes have a Pod network already, so its Pods only wait. */
const FLANNEL = {
  objects: `apiVersion: v1
kind: ServiceAccount
metadata: {name: flannel, namespace: kube-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg, namespace: kube-system}
data: {net-conf.json: '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'}
---
apiVersion: extensions/v1beta1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-system}
spec:
  template:
    metadata: {labels: {app: flannel}}
    spec:
      hostNetwork: true
      serviceAccountName: flannel
      tolerations: [{operator: Exists}]
      containers:
      - {name: kube-flannel, image: busybox, command: [sleep, "86400"]}
      - {name: install-cni, image: busybox, command: [sleep, "86400"]}
`,
  roles: `apiVersion: rbac.authorization.k8s.io/v1beta1
kind: ClusterRole
metadata: {name: flannel}
rules: [{apiGroups: [""], resources: [pods, nodes, nodes/status], verbs: [get, list, watch, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1beta1
kind: ClusterRoleBinding
metadata: {name: flannel}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: flannel}
subjects: [{kind: ServiceAccount, name: flannel, namespace: kube-system}]
`,
};

/** The name under which the document's second machine knows the cluster. */
const JOINED = "steps-004-node";
const LEAVE = `skiff delete --name ${JOINED}`;

/** The ranges of the nodes' Pods, each once. */
async function podRanges(world: World): Promise<string[]> {
  const ranges = (await world.ok("kubectl get nodes -o jsonpath='{.items[*].spec.podCIDR}'")).split(" ");
  return [...new Set(ranges)].filter((range) => /^10\.\d+\.\d+\.0\/24$/.test(range));
}

/** A web page of the cluster: the status and the text. */
async function page(world: World, address: string, path: string): Promise<string> {
  return world.ok(`curl --silent --show-error --location --max-time 10 'http://${address}${path}'`);
}

/** Orchestration engines, kubeadm, and WordPress with MySQL. */
export const SEED_004: SeedPlan = {
  seed: "004",
  title: "orchestration engines, kubeadm, WordPress with MySQL",
  images: ["nginx", "mysql", "wordpress", "busybox"],
  hasOtherMachine: true,
  replacements: [
    { pattern: /https:\S+kube-flannel\.yml/g, value: () => "kube-flannel.yml" },
    { pattern: /https:\S+kube-flannel-rbac\.yml/g, value: () => "kube-flannel-rbac.yml" },
  ],
  async prepare(world) {
    const { workspace } = world;
    // The document's volumes are folders of the machine that outlive a cluster, and so an earlier replay.
    await workspace.run("rm -rf /tmp/data/pv-1 /tmp/data/pv-2");
    await world.runElsewhere(LEAVE);
    await workspace.write("kube-flannel.yml", FLANNEL.objects);
    await workspace.write("kube-flannel-rbac.yml", FLANNEL.roles);
  },
  async tidyUp(world) {
    await world.runElsewhere(LEAVE);
  },
  elsewhere: {
    "s004-002": "Docker Swarm is another orchestrator",
    "s004-003": "Docker Swarm is another orchestrator",
    "s004-004": "Docker Swarm is another orchestrator",
    "s004-005": "Apache Mesos is another orchestrator",
  },
  checks: {
    "s004-001": {
      async perform(world) {
        await world.ok("kubectl create deployment engine --image=nginx --replicas=1 --port=80");
        await world.ok("kubectl expose deployment engine --type=NodePort --port=80");
        await world.ok("kubectl scale deployment engine --replicas=2");
        await world.ok("kubectl rollout status deployment engine --timeout=60s");
        must((await page(world, await world.nodePort("engine"), "/")).includes("nginx"), "the Service does not answer from outside");
        const [first] = await world.pods("app=engine");
        await world.ok(`kubectl exec ${first?.metadata.name} -- sh -c 'kill 1'`);
        await world.eventually("the dead container's replacement", async () =>
          (await world.pods("app=engine")).some(
            ({ status }) => status.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
          ),
        );
        await world.ok("kubectl delete deployment,service engine");
        return SILENT;
      },
      ...expecting(gone("pods -l app=engine")),
    },
    "s004-015": {
      perform: (world) => world.workspace.run("skiff up --name steps-004"),
      ...expecting(
        prints(/is ready|running/),
        inCluster("the node has no Pod range of its own", async (world) => (await podRanges(world)).length === 1),
        inCluster("an unknown token is not refused with 401", async (world) => {
          const server = await world.ok("kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}'");
          return (await world.ok(`curl -sk -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer x' ${server}/api`)) === "401";
        }),
      ),
    },
    "s004-019": expecting(says("created", "serviceaccount/flannel", "configmap/kube-flannel-cfg", "daemonset/kube-flannel-ds")),
    "s004-020": expecting(says("created", "clusterrole/flannel", "clusterrolebinding/flannel")),
    "s004-021": expecting(
      table({
        headings: ["NAMESPACE", ...PODS],
        rows: [{ NAMESPACE: "kube-system", NAME: /^kube-flannel-ds-/, READY: "2/2", STATUS: "Running" }],
      }),
    ),
    // What kubeadm join does is done by `skiff join`, with the token, address and hash that the cluster names.
    "s004-022": {
      async perform(world) {
        const command = (await world.ok("skiff token create --name steps-004 --print-join-command")).trim();
        return world.runElsewhere(`${command} --name ${JOINED} --node-name brunno --registry-mirror '*=${world.registry}'`, 180_000);
      },
      ...expecting(
        prints("[preflight] ", "[discovery] ", "[bootstrap] ", "[csr] ", "[kubeconfig] ", "Node join complete"),
        inCluster("the nodes have no Pod ranges of their own", async (world) => (await podRanges(world)).length === 2),
      ),
    },
    "s004-023": expecting(
      table({ headings: ["NAME", "STATUS", "AGE", "VERSION"], rows: [{ NAME: "brunno", STATUS: "Ready", VERSION: /^v1\./ }], count: 2 }),
    ),
    "s004-024": expecting(says("created", "deployment/my-nginx")),
    "s004-025": expecting(table({ headings: PODS, rows: runningPods(/^my-nginx-/, /^my-nginx-/), count: 2 })),
    "s004-027": expecting(says("created", "persistentvolume/pv-1", "persistentvolume/pv-2")),
    "s004-028": expecting(
      table({
        headings: VOLUMES,
        rows: ["pv-1", "pv-2"].map((NAME) => ({
          NAME,
          CAPACITY: "5Gi",
          "ACCESS MODES": "RWO",
          "RECLAIM POLICY": "Retain",
          STATUS: "Available",
          CLAIM: "",
          STORAGECLASS: "slow",
        })),
      }),
    ),
    "s004-029": expecting(says("created", "secret/mysql-pass")),
    "s004-030": expecting(table({ headings: ["NAME", "TYPE", "DATA", "AGE"], rows: [{ NAME: "mysql-pass", TYPE: "Opaque", DATA: "1" }] })),
    "s004-032": expecting(
      says("created", "service/wordpress-mysql", "persistentvolumeclaim/mysql-pv-claim", "deployment/wordpress-mysql"),
      inCluster("the selector was not filled in from the template's labels", async (world) => {
        const made = await world.get<{ spec: { replicas: number; selector: { matchLabels: object } } }>("deployment wordpress-mysql");
        return made.spec.replicas === 1 && JSON.stringify(made.spec.selector.matchLabels) === '{"app":"wordpress","tier":"mysql"}';
      }),
    ),
    "s004-033": expectingWithin(120_000, table({ headings: PODS, rows: runningPods(/^wordpress-mysql-/) })),
    "s004-034": expectingWithin(120_000, prints(/ready for connections/)),
    "s004-038": expecting(
      table({
        headings: ["NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "AGE"],
        rows: [
          { NAME: "mysql-pv-claim", STATUS: "Bound", VOLUME: /^pv-[12]$/, CAPACITY: "5Gi", "ACCESS MODES": "RWO", STORAGECLASS: "slow" },
        ],
      }),
    ),
    "s004-040": expectingWithin(
      120_000,
      says("created", "service/wordpress", "persistentvolumeclaim/wp-pv-claim", "deployment/wordpress"),
      ready("deployment wordpress", 1),
    ),
    "s004-041": expectingWithin(
      90_000,
      table({
        headings: ["NAME", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
        rows: [{ NAME: "wordpress", "PORT(S)": /^80:3\d{4}\/TCP$/ }],
      }),
      inCluster("the site does not answer on its node port", async (world) =>
        /WordPress/.test(await page(world, await world.nodePort("wordpress"), "/wp-admin/install.php")),
      ),
    ),
    "s004-042": expecting(prints(/secret "mysql-pass" deleted/)),
    "s004-043": expecting(prints(/"wordpress" deleted/, /"wordpress-mysql" deleted/), gone("pods -l app=wordpress")),
    "s004-044": expecting(gone("services -l app=wordpress")),
    "s004-045": expecting(
      gone("pvc -l app=wordpress"),
      inCluster("the volumes are not Released", async (world) => {
        const phases = await world.ok("kubectl get pv pv-1 pv-2 -o jsonpath='{.items[*].status.phase}'");
        return phases === "Released Released";
      }),
    ),
    "s004-046": expecting(
      gone("pv"),
      inCluster("the files are gone from the node", async (world) => (await world.ok("ls /tmp/data/pv-1 /tmp/data/pv-2")).trim() !== ""),
    ),
  },
};
