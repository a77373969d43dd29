import { expecting, gone, inCluster, prints, ready, refusing, runningPods, says, table, PODS } from "../../expectations.ts";
import { must, SILENT } from "../../outcome.ts";
import type { StepCheck } from "../../seed-plan.ts";
import type { PodObject } from "../../world.ts";
import { clientTerminal, followed, MIGRATION, SECRETS, sql, typed } from "./application.ts";

/** Steps that both translations of the article have. */
export const SHARED: Readonly<Record<string, StepCheck>> = {
  "s000-001": {
    async perform(world) {
      await world.apply(`apiVersion: apps/v1
kind: DaemonSet
metadata: {name: logger}
spec:
  selector: {matchLabels: {app: logger}}
  template:
    metadata: {labels: {app: logger}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: logger, image: busybox, command: [sleep, "3600"]}]}
`);
      const running = async (): Promise<PodObject | undefined> =>
        (await world.pods("app=logger")).find(({ status }) => status.containerStatuses?.[0]?.ready === true);
      const first = await world.eventually("the daemon", running);
      await world.ok(`kubectl delete pod ${first.metadata.name}`);
      await world.eventually("the daemon's replacement on the same node", async () => {
        const pod = await running();
        return pod !== undefined && pod.metadata.uid !== first.metadata.uid && pod.spec.nodeName === first.spec.nodeName;
      });
      must((await world.pods("app=logger")).length === 1, "there is not exactly one daemon");
      return world.workspace.run("kubectl delete daemonset logger");
    },
    ...expecting(),
  },
  "s000-002": {
    async perform(world) {
      await world.ok("kubectl create deployment three --image=nginx:1.7.9 --replicas=3");
      await world.ok("kubectl rollout status deployment three --timeout=60s");
      must((await world.pods("app=three")).length === 3, "there are not exactly three Pods");
      return world.workspace.run("kubectl delete deployment three");
    },
    ...expecting(gone("pods -l app=three")),
  },
  "s000-003": {
    async perform(world) {
      const proxy = world.workspace.start("kubectl proxy --port=18001");
      try {
        await world.eventually("kubectl proxy", async () => Promise.resolve(/Starting to serve/.test(proxy.stdout) || undefined));
        const base = "http://127.0.0.1:18001/api/v1/namespaces/default";
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "by-http" }, data: { key: "value" } };
        await world.ok(`curl -sSf -X POST -H 'Content-Type: application/json' -d '${JSON.stringify(object)}' ${base}/configmaps`);
        must(
          (await world.ok("kubectl get configmap by-http -o jsonpath='{.data.key}'")) === "value",
          "kubectl does not see what HTTP made",
        );
        const byHttp = JSON.parse(await world.ok(`curl -sSf ${base}/configmaps/by-http`)) as { metadata: { uid: string } };
        must((await world.get("configmap by-http")).metadata.uid === byHttp.metadata.uid, "HTTP and kubectl see different objects");
        await world.ok(`curl -sSf -X DELETE ${base}/configmaps/by-http`);
      } finally {
        await proxy.stop();
      }
      return SILENT;
    },
    ...expecting(gone("configmaps", "by-http")),
  },
  "s000-004": {
    async perform(world) {
      await world.apply(`apiVersion: apps/v1
kind: Deployment
metadata: {name: narrow}
spec:
  replicas: 2
  selector: {matchLabels: {app: narrow}}
  template:
    metadata: {labels: {app: narrow}}
    spec: {containers: [{name: narrow, image: busybox, command: [sleep, "3600"], ports: [{containerPort: 4999, hostPort: 4999}]}]}
`);
      await world.eventually("one Pod runs and one stays Pending", async () => {
        const phases = (await world.pods("app=narrow")).map(({ status }) => status.phase).sort();
        return phases.join() === "Pending,Running";
      });
      await world.eventually("the reason is in an event", async () =>
        (await world.ok("kubectl get events --field-selector reason=FailedScheduling")).includes(
          "didn't have free ports for the requested pod ports",
        ),
      );
      return world.workspace.run("kubectl delete deployment narrow");
    },
    ...expecting(),
  },
  "s000-005": expecting(prints(/^apiVersion: v1$/m, /^items:$/m, /allocatable:/, /cpu:/, /memory:/, /pods:/, /capacity:/, /^kind: List$/m)),
  "s000-006": {
    async perform(world, { text }) {
      const first = await world.workspace.run(text);
      const second = await world.workspace.run(text);
      return { ...first, stdout: first.stdout + second.stdout };
    },
    ...expecting(
      prints('Context "kube-face-cluster" created.', 'Context "kube-face-cluster" modified.'),
      inCluster(
        "the context has no namespace face",
        async (world) =>
          (await world.ok(`kubectl config view -o jsonpath='{.contexts[?(@.name=="kube-face-cluster")].context.namespace}'`)) === "face",
      ),
    ),
  },
  "s000-007": {
    async perform(world, { text }) {
      const before = (await world.ok("kubectl config current-context")).trim();
      const outcome = await world.workspace.run(text);
      const namespace = await world.ok("kubectl config view --minify -o jsonpath='{..namespace}'");
      // As printed the context has neither cluster nor user, and the article never uses it afterwards.
      await world.ok(`kubectl config use-context ${before}`);
      return { ...outcome, stdout: `${outcome.stdout}namespace ${namespace}\n` };
    },
    ...expecting(prints('Switched to context "kube-face-cluster".', "namespace face")),
  },
  "s000-008": {
    async perform(world, { text }) {
      await world.workspace.write("placeholder.yaml", text);
      const refused = await world.workspace.run("kubectl apply -f placeholder.yaml");
      must(
        refused.code !== 0 && /illegal base64 data/.test(refused.stderr),
        `the placeholder is not refused: ${refused.stdout}${refused.stderr}`,
      );
      const real = text.replace(/(\w+): base64codehere/g, (_match, key: string) => `${key}: ${SECRETS[key]}`);
      await world.workspace.write("secret.yaml", real);
      return world.workspace.run("kubectl apply -f secret.yaml");
    },
    ...expecting(
      says("created", "secret/kube-face-secret"),
      inCluster("the Secret does not hold the values", async (world) => {
        const { data, type } = await world.get<{ data: object; type: string }>("secret kube-face-secret");
        return type === "Opaque" && JSON.stringify(data) === JSON.stringify(SECRETS);
      }),
    ),
  },
  "s000-009": expecting(prints("dWJlcnNlY3VyZXBhc3N3b3Jk")),
  "s000-010": expecting(prints("cm9vdDp1YmVyc2VjdXJlcGFzc3dvcmQ=")),
  // Comes before the manifest that mounts it is applied.
  "s000-014": {
    async perform(world, { text }) {
      await world.workspace.write("database_setup.sql", `${text}\n`);
      return SILENT;
    },
    ...expecting(
      inCluster("the file is not there", async ({ workspace }) => (await workspace.read("database_setup.sql")).includes("CREATE TABLE")),
    ),
  },
  "s000-015": {
    withinMs: 180_000,
    async perform(world, { text }) {
      const first = await world.workspace.run(text);
      const second = await world.workspace.run(text);
      return { ...first, code: first.code + second.code, stdout: first.stdout + second.stdout, stderr: first.stderr + second.stderr };
    },
    ...expecting(
      says("created", "service/mysql", "persistentvolumeclaim/mysql-pv-claim", "deployment/mysql"),
      says("unchanged", "service/mysql", "persistentvolumeclaim/mysql-pv-claim", "deployment/mysql"),
      ready("deployment mysql", 1),
      inCluster(
        "the bootstrap SQL has not run",
        async (world) => (await sql(world, "SELECT name FROM person WHERE id = 3")) === "Hannibal",
      ),
    ),
  },
  "s000-016": {
    perform: ({ workspace }) => workspace.run("kubectl create -f mysql.yaml"),
    ...refusing(prints('Error from server (AlreadyExists): error when creating "mysql.yaml": services "mysql" already exists')),
  },
  "s000-017": expecting(
    prints(
      /^Conditions:/m,
      /Type\s+Status\s+Reason/,
      /Available\s+True\s+MinimumReplicasAvailable/,
      /Progressing\s+True\s+NewReplicaSetAvailable/,
      /^OldReplicaSets:\s+<none>/m,
      /^NewReplicaSet:\s+mysql-\w+ \(1\/1 replicas created\)/m,
    ),
  ),
  "s000-018": expecting(table({ headings: PODS, rows: runningPods(/^mysql-[a-z0-9]+-[a-z0-9]{5}$/), count: 1 })),
  "s000-019": clientTerminal("s000-019", /MariaDB \[.*\]>|mysql>/),
  "s000-021": {
    perform: (world) => typed(world, "s000-019", "show databases;"),
    ...expecting(prints("Database", "information_schema", "kube", "mysql", "performance_schema", /rows in set/)),
  },
  "s000-022": {
    async perform(world) {
      const outcome = await typed(world, "s000-019", "exit");
      const ended = await world.running.get("s000-019")?.ended;
      return { ...outcome, code: ended?.code ?? -1 };
    },
    ...expecting(prints("Bye"), gone("pods", "mysql-client")),
  },
  "s000-024": clientTerminal("s000-024", /MariaDB \[kube\]>|mysql>/),
  "s000-025": {
    async perform(world) {
      const outcome = await typed(world, "s000-024", "show tables;");
      await typed(world, "s000-024", "exit");
      await world.running.get("s000-024")?.ended;
      return outcome;
    },
    ...expecting(prints("Tables_in_kube", "images", "person", "person_images", "3 rows in set"), async (_outcome, world) => {
      // The application needs more columns than the document's tables have; its own Job adds them.
      await world.apply(MIGRATION);
      await world.ok("kubectl wait --for=condition=Complete job/migration --timeout=60s");
    }),
  },
  "s000-026": {
    perform: (world, { text }) => followed(world, text, /ready for connections/),
    ...expecting(prints(/ready for connections/)),
  },
  "s000-027": {
    async perform(world) {
      await world.apply(`apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: mysql}, ports: [{port: 3306}]}
`);
      const pod = (await world.pods("app=mysql"))[0]?.status.podIP ?? "";
      const question = "kubectl run resolver --rm -i --restart=Never --image=busybox -- nslookup headless.default.svc.cluster.local";
      await world.eventually("the name of the headless Service", async () => new RegExp(`: ${pod}$`, "m").test(await world.ok(question)));
      return world.workspace.run("kubectl delete service headless");
    },
    ...expecting(),
  },
};
