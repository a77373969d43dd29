import { fileURLToPath } from "node:url";
import { exist, expecting, expectingWithin, gone, inCluster, prints, ready, runningPods, says, table, PODS } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { SeedPlan, StepCheck } from "../seed-plan.ts";
import { NEEDS_DOCKER } from "../skip-reason.ts";
import { addMinikube } from "../stand-ins.ts";
import type { World } from "../world.ts";

/** What stands for the rate service in the cluster. */
const RATES = fileURLToPath(new URL("../../../../examples/gold-price/manifests/rates.yaml", import.meta.url));

const NODE_LOSS_MS = 180_000;

/** What a shell statement on the exercise's database prints. */
async function sql(world: World, statement: string): Promise<string> {
  return world.ok(`kubectl exec mysql-0 -- mysql -u user -ppassword db -N -e "${statement}"`);
}

/** Starts the exercise's database and waits for it. */
async function database(world: World): Promise<void> {
  await world.ok("kubectl apply -f mysql.yaml -f service.yaml");
  await world.eventually("the database", async () => (await sql(world, "SELECT 1")).trim() === "1", 120_000);
}

/** A node that goes down: its Pods come back elsewhere. The Pods tolerate that for 5 s here, so that nobody waits for 5 minutes. */
const NODE_LOSS: StepCheck = {
  withinMs: NODE_LOSS_MS,
  async perform(world) {
    const tolerations = ["not-ready", "unreachable"].map((taint) => ({
      key: `node.kubernetes.io/${taint}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 5,
    }));
    await world.ok(`kubectl patch deployment webserver -p '${JSON.stringify({ spec: { template: { spec: { tolerations } } } })}'`);
    await world.ok("kubectl rollout status deployment webserver --timeout=120s");
    const lost = (await world.pods("app=server")).at(-1)?.spec.nodeName ?? "";
    const status = JSON.parse(await world.ok("skiff status --name steps-003 -o json")) as {
      processes: { role: string; pid: number; node?: string }[];
    };
    const pids = status.processes.filter(({ role, node }) => role === "node" && node === lost).map(({ pid }) => pid);
    must(pids.length > 0, `no process of node ${lost}`);
    await world.ok(`kill -STOP ${pids.join(" ")}`);
    try {
      await world.eventually(
        `the Pods of ${lost} on other nodes`,
        async () =>
          (await world.pods("app=server")).filter(({ spec, status: { phase } }) => spec.nodeName !== lost && phase === "Running").length ===
          5,
        NODE_LOSS_MS,
      );
      must(/NotReady/.test(await world.ok(`kubectl get node ${lost}`)), `${lost} is still shown as Ready`);
    } finally {
      await world.ok(`kill -CONT ${pids.join(" ")}`);
    }
    return SILENT;
  },
  ...expecting(inCluster("not all nodes are Ready again", async (world) => !/NotReady/.test(await world.ok("kubectl get nodes")))),
};

/** The basics, MySQL, Jobs, and a CronJob that keeps the price of gold. */
export const SEED_003: SeedPlan = {
  seed: "003",
  title: "the basics, MySQL, Jobs, the price of gold",
  images: ["ubuntu", "nginx", "busybox", "mysql", "gold-price"],
  nodes: 3,
  replacements: [
    {
      pattern: /\bnode minikube\b/g,
      value: async (world) => `node ${(await world.ok("kubectl get nodes -o jsonpath='{.items[0].metadata.name}'")).trim()}`,
    },
    { pattern: /<user>\//g, value: () => "reader/" },
    { pattern: /<access key>/g, value: () => "an-access-key" },
  ],
  async prepare(world) {
    await addMinikube(world, "steps-003", 'up --name steps-003 --kubeconfig "$KUBECONFIG"');
    // The rate service of the activity, under its own name.
    await world.ok(`kubectl apply -f '${RATES}'`);
  },
  elsewhere: { "s003-039": NEEDS_DOCKER, "s003-040": NEEDS_DOCKER },
  checks: {
    "s003-005": expecting(prints(/configured to use the cluster/)),
    "s003-006": expecting(prints("minikube: Running", "cluster: Running", "kubectl: Correctly Configured")),
    "s003-007": {
      async perform(world) {
        const shell = world.workspace.startInTerminal("minikube ssh");
        shell.type("echo on $((40 + 2)) node\nexit\n");
        return shell.ended;
      },
      ...expecting(prints("on 42 node")),
    },
    "s003-015": expecting(prints('Switched to context "minikube".')),
    "s003-016": expecting(
      table({ headings: ["NAME", "STATUS", "ROLES", "AGE", "VERSION"], rows: [{ STATUS: "Ready", VERSION: /^v1\./ }] }),
    ),
    "s003-017": expecting(
      prints(
        /^Name:/m,
        /^Roles:/m,
        /^Labels:/m,
        /^Annotations:/m,
        /^Conditions:/m,
        "MemoryPressure",
        "DiskPressure",
        "PIDPressure",
        "Ready",
        /^Capacity:/m,
        /^Allocatable:/m,
        /^System Info:/m,
        /^Non-terminated Pods:/m,
        /^Allocated resources:/m,
      ),
    ),
    "s003-018": expecting(prints(/^pods$/m), prints(/^services$/m), prints(/^deployments\.apps$/m), prints(/^cronjobs\.batch$/m)),
    "s003-019": {
      async perform(world) {
        await world.ok("kubectl create secret generic blog-pass --from-literal=password=secret");
        await world.apply(`apiVersion: v1
kind: Pod
metadata: {name: blog}
spec:
  containers:
  - name: blog
    image: busybox
    command: [sh, -c, 'echo started; sleep 3600']
    env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: blog-pass, key: password}}}]
`);
        await world.ok("kubectl wait --for=condition=Ready pod/blog --timeout=60s");
        must((await world.ok("kubectl describe pod blog")).includes("Started"), "describe has no events");
        must((await world.ok("kubectl logs blog")).trim() === "started", "the log is not there");
        const shell = world.workspace.startInTerminal("kubectl exec -it blog -- sh");
        shell.type("echo $PASSWORD-$((1 + 1))\nexit\n");
        return shell.ended;
      },
      ...expecting(prints("secret-2")),
    },
    "s003-020": {
      async perform(world) {
        await world.ok("kubectl create deployment maintained --image=nginx:1.7.9 --replicas=3");
        await world.ok("kubectl rollout status deployment maintained --timeout=60s");
        const node = (await world.pods("app=maintained"))[0]?.spec.nodeName ?? "";
        await world.ok(`kubectl drain ${node} --ignore-daemonsets --delete-emptydir-data --force`);
        must(/Ready,SchedulingDisabled/.test(await world.ok(`kubectl get node ${node}`)), `${node} is not shown as drained`);
        await world.ok("kubectl rollout status deployment maintained --timeout=60s");
        const left = (await world.pods("app=maintained")).filter(({ spec }) => spec.nodeName === node);
        must(left.length === 0, `Pods are still on ${node}`);
        await world.ok(`kubectl uncordon ${node}`);
        must(!/SchedulingDisabled/.test(await world.ok(`kubectl get node ${node}`)), `${node} is still shown as drained`);
        await world.ok("kubectl scale deployment maintained --replicas=9");
        await world.eventually("new Pods on the node", async () =>
          (await world.pods("app=maintained")).some(({ spec }) => spec.nodeName === node),
        );
        await world.ok("kubectl delete deployment maintained");
        return SILENT;
      },
      ...expecting(),
    },
    "s003-021": expecting(
      inCluster(
        "the log is not `Serverless World!`",
        async (world) => (await world.ok("kubectl logs echo")).trim() === "Serverless World!",
      ),
      inCluster(
        "the Pod does not run",
        async (world) => (await world.ok("kubectl get pod echo -o jsonpath='{.status.phase}'")) === "Running",
      ),
    ),
    "s003-022": expectingWithin(
      90_000,
      ready("deployment webserver", 5),
      inCluster("not five Pods", async (world) => (await world.pods("app=server")).length === 5),
    ),
    "s003-023": NODE_LOSS,
    // Shown for explanation: the exercise has a longer one of the same name.
    "s003-024": {
      async perform(world, step) {
        await world.workspace.write("explained.yaml", step.text);
        return world.workspace.run("kubectl apply --dry-run=server -f explained.yaml");
      },
      ...expecting(says("created", "statefulset/mysql")),
    },
    "s003-025": expecting(
      inCluster(
        "the Job is not complete",
        async (world) => (await world.ok("kubectl get job echo -o jsonpath='{.status.succeeded}'")) === "1",
      ),
      inCluster("the log differs", async (world) => (await world.ok("kubectl logs job/echo")).trim() === "Hello from the echo Job!"),
      async (_outcome, world) =>
        table({ rows: [{ NAME: /^echo-/, READY: "0/1", STATUS: "Completed", RESTARTS: "0" }] })(
          { code: 0, stderr: "", stdout: await world.ok("kubectl get pods -l job-name=echo") },
          world,
          world.steps[0]!,
        ),
    ),
    "s003-026": {
      withinMs: 90_000,
      ...expecting(
        exist("cronjobs", "hourly-echo"),
        inCluster("a Job of it does not echo", async (world) => {
          await world.workspace.run("kubectl create job hourly-now --from=cronjob/hourly-echo");
          return (await world.ok("kubectl logs job/hourly-now")).includes("It is time to say echo!");
        }),
      ),
    },
    "s003-028": expecting(says("(created|configured|unchanged)", "statefulset/mysql")),
    "s003-029": expectingWithin(180_000, table({ headings: PODS, rows: runningPods(/^mysql-0$/) })),
    "s003-030": expecting(
      table({
        headings: ["NAME", "CAPACITY", "ACCESS MODES", "RECLAIM POLICY", "STATUS", "CLAIM", "STORAGECLASS", "REASON", "AGE"],
        rows: [
          {
            NAME: /^pvc-/,
            CAPACITY: "1Gi",
            "ACCESS MODES": "RWO",
            "RECLAIM POLICY": "Delete",
            STATUS: "Bound",
            CLAIM: "default/data-mysql-0",
            STORAGECLASS: "standard",
          },
        ],
        count: 1,
      }),
    ),
    "s003-032": expecting(says("created", "service/my-database")),
    "s003-034": {
      withinMs: 180_000,
      ...expecting(
        says("created", "job/create-table"),
        inCluster("the table is not there", async (world) => (await sql(world, "SHOW TABLES")).includes("messages")),
      ),
    },
    "s003-035": expectingWithin(
      120_000,
      table({ headings: PODS, rows: [{ NAME: /^create-table-/, READY: "0/1", STATUS: "Completed" }, ...runningPods(/^mysql-0$/)] }),
    ),
    "s003-036": {
      perform: (world, step) => world.workspace.startInTerminal(step.text.replace("\\\n", " ")).ended,
      ...expectingWithin(120_000, prints("Tables_in_db", "messages"), gone("pods", "mysql-client")),
    },
    "s003-037": expecting(
      prints(/job\.batch "create-table" deleted/, /service "my-database" deleted/, /statefulset\.apps "mysql" deleted/),
      gone("pods -l app=mysql"),
      exist("persistentvolumeclaims", "data-mysql-0"),
    ),
    "s003-038": {
      withinMs: 180_000,
      async perform(world) {
        await database(world);
        return world.workspace.run(
          "kubectl run gold-price-once --restart=Never --image=reader/gold-price-to-mysql --env=MYSQL_ADDRESS=my-database:3306 --env=MYSQL_DATABASE=db --env=MYSQL_USER=user --env=MYSQL_PASSWORD=password --env=API_KEY=an-access-key",
        );
      },
      ...expecting(
        inCluster("no price was inserted", async (world) =>
          /Successfully inserted the price: [\d.]+/.test(await world.ok("kubectl logs gold-price-once")),
        ),
        inCluster("there is no row", async (world) => Number(await sql(world, "SELECT COUNT(*) FROM GoldPrices")) >= 1),
      ),
    },
    "s003-041": {
      perform: async (world) => (await database(world), SILENT),
      ...expecting(exist("statefulsets", "mysql"), ready("statefulset mysql", 1)),
    },
    "s003-042": expecting(
      inCluster(
        "the Service leads to no Pod",
        async (world) => (await world.ok("kubectl get endpoints my-database -o jsonpath='{.subsets[*].addresses[*].ip}'")) !== "",
      ),
    ),
    "s003-043": expecting(exist("cronjobs", "gold-price-to-mysql")),
    "s003-044": {
      withinMs: 240_000,
      ...expecting(
        inCluster("two Jobs of it are not complete yet", async (world) => {
          const jobs = await world.get<{ metadata: { name: string }; status: { succeeded?: number } }[]>("jobs");
          return (
            jobs.filter(({ metadata, status }) => metadata.name.startsWith("gold-price-to-mysql-") && status.succeeded === 1).length >= 2
          );
        }),
        inCluster("the rows do not lie a minute apart", async (world) => {
          const times = (await sql(world, "SELECT UNIX_TIMESTAMP(timestamp) FROM GoldPrices ORDER BY 1 DESC LIMIT 2"))
            .trim()
            .split("\n")
            .map(Number);
          return times.length === 2 && Math.abs((times[0] ?? 0) - (times[1] ?? 0) - 60) < 30;
        }),
      ),
    },
    "s003-045": {
      perform: (world) => world.workspace.run("kubectl delete cronjob gold-price-to-mysql && kubectl delete -f service.yaml,mysql.yaml"),
      ...expecting(
        gone("cronjobs", "gold-price-to-mysql"),
        gone("services", "my-database"),
        gone("statefulsets", "mysql"),
        gone("pods -l app=mysql"),
      ),
    },
  },
};
