import { join } from "node:path";
import {
  exist,
  expecting,
  expectingWithin,
  gone,
  inCluster,
  prints,
  printsNothing,
  ready,
  refusing,
  runningPods,
  says,
  table,
} from "../expectations.ts";
import { must, SILENT, type Outcome } from "../outcome.ts";
import type { Replacement, SeedPlan, StepCheck } from "../seed-plan.ts";
import { addMinikube } from "../stand-ins.ts";
import type { PodObject, World } from "../world.ts";

const PODS = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"];
const PASSWORD = "ubersecurepassword";

/** The document's secrets, as it has them computed. */
const SECRETS: Readonly<Record<string, string>> = {
  mysql_password: "dWJlcnNlY3VyZXBhc3N3b3Jk",
  mysql_userpassword: "cm9vdDp1YmVyc2VjdXJlcGFzc3dvcmQ=",
};

/** Columns of the application that the document's tables do not have; a Job of the example adds them. */
const MIGRATION = `apiVersion: batch/v1
kind: Job
metadata: {name: migration}
spec:
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: migration
        image: skarlso/kube-migration:latest
        env:
        - {name: MYSQL_CONNECTION, value: mysql.default.svc.cluster.local}
        - {name: MYSQL_USERPASSWORD, valueFrom: {secretKeyRef: {name: kube-face-secret, key: mysql_userpassword}}}
        - {name: MYSQL_PORT, value: "3306"}
        - {name: MYSQL_DBNAME, value: kube}
`;

/** What a statement on the application's database prints, without headings. */
async function sql(world: World, statement: string): Promise<string> {
  return (await world.ok(`kubectl exec deployment/mysql -- mysql -uroot -p${PASSWORD} kube -N -e "${statement}"`)).trim();
}

/** Posts a picture and answers what the receiver said. */
async function post(world: World, body: object, route = "image"): Promise<string> {
  return world.ok(`curl -sS -d '${JSON.stringify(body)}' http://${await world.nodePort("receiver-service")}/${route}/post`);
}

/** Waits until the row of an image is `person` or, if undefined, no longer pending. */
async function outcomeOf(world: World, id: string, withinMs = 60_000): Promise<{ status: string; person: string }> {
  return world.eventually(
    `image ${id} is processed`,
    async () => {
      const row = await sql(
        world,
        `SELECT status, COALESCE((SELECT name FROM person WHERE id = images.person), '') FROM images WHERE id = ${id}`,
      );
      const [status = "", person = ""] = row.split("\t");
      return status === "1" || status === "2" ? { status, person } : undefined;
    },
    withinMs,
  );
}

const idIn = (answer: string): string => /saved with id: (\d+)/.exec(answer)?.[1] ?? "";

/** A client in a terminal, into which later steps type. */
function clientTerminal(step: string, greeting: RegExp): StepCheck {
  return {
    withinMs: 90_000,
    async perform(world, { text }) {
      const command = text.replace("yourpasswordhere", PASSWORD);
      const terminal = world.workspace.startInTerminal(command);
      world.running.set(step, terminal);
      await world.eventually(
        "the client's prompt",
        () => {
          if (greeting.test(terminal.stdout)) return Promise.resolve(true);
          // As kubectl says: what was printed before it was attached is not seen.
          if (/press/.test(terminal.stdout + terminal.stderr)) terminal.type("\n");
          return Promise.resolve(false);
        },
        90_000,
      );
      return { code: 0, stdout: terminal.stdout, stderr: terminal.stderr };
    },
    verify: ({ stdout }) => must(greeting.test(stdout), stdout),
  };
}

/** Types a line into the terminal of an earlier step and gives what it answers. */
async function typed(world: World, inside: string, line: string): Promise<Outcome> {
  const terminal = world.running.get(inside);
  must(terminal !== undefined, `the terminal of ${inside} is not open`);
  const before = terminal.stdout.length;
  terminal.type(`${line}\n`);
  await world.eventually(
    `an answer to ${line}`,
    async () => Promise.resolve(/\n(.*\n)*.*(rows? in set|Bye)/.test(terminal.stdout.slice(before)) || undefined),
    30_000,
  );
  return { code: 0, stdout: terminal.stdout.slice(before), stderr: "" };
}

/** Runs a command that follows a log until it has shown something. */
async function followed(world: World, command: string, until: RegExp): Promise<Outcome> {
  const running = world.workspace.start(command);
  try {
    await world.eventually(`${command} shows ${String(until)}`, async () => Promise.resolve(until.test(running.stdout) || undefined));
  } finally {
    await running.stop();
  }
  return { code: 0, stdout: running.stdout, stderr: running.stderr };
}

const REPLACEMENTS: readonly Replacement[] = [
  { pattern: /\/Users\/hannibal\/Temp\/known_people/g, value: ({ workspace }) => join(workspace.directory, "people/known") },
  { pattern: /\/Users\/hannibal\/Temp\//g, value: ({ workspace }) => join(workspace.directory, "people/unknown/") },
  { pattern: /\/Users\/hannibal\/\S+\/database_setup\.sql/g, value: ({ workspace }) => join(workspace.directory, "database_setup.sql") },
  { pattern: /192\.168\.99\.100:30251|127\.0\.0\.1:8000/g, value: (world) => world.nodePort("receiver-service") },
];

async function prepareFaces(world: World): Promise<void> {
  const { writeSamples } = await import("../../../../examples/face-recognition/samples.ts");
  const people = world.workspace.path("people");
  await writeSamples(join(people, "known"), join(people, "unknown"));
  // The document's pictures that show Hannibal. Containers read them as a user of their own.
  await world.ok(
    `cp ${people}/unknown/unknown0001.jpg ${people}/unknown/unknown219.jpg; cp ${people}/unknown/unknown0004.jpg ${people}/unknown/unknown220.jpg`,
  );
  await world.ok(`chmod 755 '${world.workspace.directory}'; chmod -R a+rX ${people}`);
}

/** Steps that both translations of the article have. */
const SHARED: Readonly<Record<string, StepCheck>> = {
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
      await world.eventually("the name of the headless Service", async () =>
        (await world.ok("kubectl exec deployment/mysql -- getent hosts headless.default.svc.cluster.local")).startsWith(`${pod} `),
      );
      return world.workspace.run("kubectl delete service headless");
    },
    ...expecting(),
  },
};

/** The middle part of the article. */
export const SEED_000: SeedPlan = {
  seed: "000",
  title: "face recognition: the middle of the article",
  images: ["nginx", "busybox", "mysql", "face-recognition"],
  replacements: REPLACEMENTS,
  prepare: prepareFaces,
  checks: {
    ...SHARED,
    // Only the other translation has the whole manifest.
    "s000-028": { perform: () => Promise.resolve(SILENT), ...expecting(inNsqlookup("selector:\n  matchLabels:\n    app: nsqlookup")) },
    "s000-029": { perform: () => Promise.resolve(SILENT), ...expecting(inNsqlookup('command: ["/nsqlookupd"]')) },
  },
};

/** The fragments of nsqlookup, put together to what the text describes, make a Pod that listens as stated. */
function inNsqlookup(fragment: string): StepCheck["verify"] {
  return async (_outcome, world, step) => {
    must(step.text.includes(fragment.split("\n")[0] ?? ""), "the fragment is another one");
    await world.apply(`apiVersion: apps/v1
kind: Deployment
metadata: {name: nsqlookup}
spec:
  replicas: 1
  selector: {matchLabels: {app: nsqlookup}}
  template:
    metadata: {labels: {app: nsqlookup}}
    spec:
      containers:
      - name: nsqlookup
        image: nsqio/nsq
        command: ["/nsqlookupd"]
        args: ["--broadcast-address=nsqlookup.default.svc.cluster.local"]
`);
    const log = await world.ok("kubectl logs deployment/nsqlookup");
    must(/TCP: listening on .*4160/.test(log) && /HTTP: listening on .*4161/.test(log), `nsqlookupd does not listen:\n${log}`);
  };
}

/** Steps that only the whole article has. */
const WHOLE: Readonly<Record<string, StepCheck>> = {
  "s001-001": expecting(prints(/got path: \{Path:\/unknown_images\/unknown0001\.jpg\}/, /image saved with id: \d+/, "image sent to nsq")),
  "s001-002": {
    withinMs: 90_000,
    async perform(world) {
      const known = await outcomeOf(world, idIn(await post(world, { path: "/unknown_people/unknown219.jpg" })));
      must(known.status === "1" && known.person === "Hannibal", `a known face became ${JSON.stringify(known)}`);
      return SILENT;
    },
    ...expecting(),
  },
  "s001-003": {
    withinMs: 240_000,
    async perform(world) {
      await world.ok("kubectl scale deployment face-recog --replicas=0");
      await world.ok("kubectl wait --for=delete pod -l app=face-recog --timeout=60s");
      const ids: string[] = [];
      for (let count = 0; count < 6; count++) ids.push(idIn(await post(world, { path: "/unknown_people/unknown220.jpg" })));
      await world.eventually(
        "the breaker opens",
        async () => /open/i.test(await world.ok("kubectl logs deployment/image-processor-deployment --tail=200")),
        120_000,
      );
      await world.ok("kubectl scale deployment face-recog --replicas=1");
      await world.ok("kubectl rollout status deployment face-recog --timeout=90s");
      await world.eventually(
        "the breaker closes",
        async () => /clos/i.test(await world.ok("kubectl logs deployment/image-processor-deployment --tail=200")),
        120_000,
      );
      const after = await outcomeOf(world, idIn(await post(world, { path: "/unknown_people/unknown220.jpg" })), 120_000);
      must(after.person === "Hannibal", "calls do not go through again");
      return SILENT;
    },
    ...expecting(),
  },
  "s001-004": expecting(
    inCluster("the tables differ", async (world) => {
      const people = await sql(world, "SELECT id, name FROM person ORDER BY id");
      const pictures = await sql(world, "SELECT id, image_name, person_id FROM person_images ORDER BY id LIMIT 2");
      return people === "1\tGergely\n2\tJohn Doe\n3\tHannibal" && pictures === "1\thannibal_1.jpg\t3\n2\thannibal_2.jpg\t3";
    }),
  ),
  "s001-005": {
    async perform(world, { text }) {
      return { code: 0, stderr: "", stdout: await sql(world, text) };
    },
    ...expecting(prints("Hannibal\t3")),
  },
  "s001-006": expecting(
    inCluster("nsqlookupd does not know nsqd as the producer of topic images", async (world) => {
      const answer = await world.ok("kubectl exec deployment/nsqlookup -- wget -qO- 'http://127.0.0.1:4161/lookup?topic=images'");
      return answer.includes("nsqd.default.svc.cluster.local");
    }),
  ),
  "s001-007": expecting(
    inCluster("the processor does not take its addresses from the environment", async (world) =>
      (
        await world.ok("kubectl get deployment image-processor-deployment -o jsonpath='{.spec.template.spec.containers[0].env[*].name}'")
      ).includes("GRPC_ADDRESS"),
    ),
  ),
  "s001-008": {
    async perform(world) {
      await world.ok("kubectl create deployment myapp --image=nginx:1.7.9 --replicas=2");
      await world.ok("kubectl rollout status deployment myapp --timeout=60s");
      const orphan = (await world.pods("app=myapp"))[0]?.metadata.name ?? "";
      await world.ok(`kubectl label pod ${orphan} app-`);
      await world.eventually("a new labelled Pod", async () => {
        const pods = await world.pods("app=myapp");
        return pods.length === 2 && pods.every(({ metadata }) => metadata.name !== orphan);
      });
      must((await world.get<PodObject>(`pod ${orphan}`)).metadata.ownerReferences === undefined, "the orphan still has an owner");
      return world.workspace.run(`kubectl delete deployment/myapp pod/${orphan}`);
    },
    ...expecting(),
  },
  "s001-011": {
    async perform(world) {
      await world.ok("kubectl create deployment addressed --image=nginx:1.7.9 --replicas=3 --port=80");
      await world.ok("kubectl expose deployment addressed --port=80");
      await world.ok("kubectl rollout status deployment addressed --timeout=60s");
      const pods = await world.pods("app=addressed");
      must(new Set(pods.map(({ status }) => status.podIP)).size === 3, "two Pods have one address");
      await world.ok(`kubectl delete pod ${pods[0]?.metadata.name}`);
      await world.ok("kubectl rollout status deployment addressed --timeout=60s");
      await world.eventually("the Service's name answers", async () =>
        (await world.ok("kubectl exec deployment/addressed -- curl -sS -m 5 http://addressed/")).includes("nginx"),
      );
      return world.workspace.run("kubectl delete deployment,service addressed");
    },
    ...expecting(),
  },
  "s001-012": {
    withinMs: 120_000,
    async perform(world) {
      await world.apply(`apiVersion: v1
kind: Service
metadata: {name: probed}
spec: {selector: {app: probed}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: probed, labels: {app: probed}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox
    command: [sh, -c, 'touch /ready; test -e /var/again || touch /alive; sleep 3600']
    readinessProbe: {exec: {command: [test, -e, /ready]}, periodSeconds: 1, failureThreshold: 1}
    livenessProbe: {exec: {command: [sh, -c, 'test -e /alive']}, periodSeconds: 1, failureThreshold: 2}
`);
      const addresses = (): Promise<string> => world.ok("kubectl get endpoints probed -o jsonpath='{.subsets[*].addresses[*].ip}'");
      const restarts = async (): Promise<number> =>
        (await world.get<PodObject>("pod probed")).status.containerStatuses?.[0]?.restartCount ?? 0;
      await world.eventually("the Pod in the endpoints", async () => (await addresses()) !== "");
      await world.ok("kubectl exec probed -- rm /ready");
      await world.eventually("the unready Pod out of the endpoints", async () => (await addresses()) === "");
      must((await restarts()) === 0, "a failed readiness probe restarted the container");
      await world.ok("kubectl exec probed -- sh -c 'touch /ready; rm /alive'");
      await world.eventually("the restart after a failed liveness probe", async () => (await restarts()) >= 1);
      return world.workspace.run("kubectl delete pod,service probed");
    },
    ...expecting(),
  },
  "s001-013": {
    perform: ({ workspace }, { text }) =>
      workspace.run(
        `kubectl run pinger --rm -i --restart=Never --image=busybox --overrides='{"spec":{"containers":[{"name":"pinger","image":"busybox","imagePullPolicy":"IfNotPresent","command":["sh","-c","${text.replace("ping ", "ping -c 2 ")}"],"securityContext":{"capabilities":{"add":["NET_RAW"]}}}]}}'`,
      ),
    ...expecting(prints(/bytes from/)),
  },
  "s001-014": expecting(printsNothing),
  "s001-015": expecting(printsNothing),
  "s001-016": expectingWithin(90_000, ready("deployment nginx-deployment", 3)),
  "s001-017": {
    async perform(world) {
      const node = (await world.ok("kubectl get nodes -o jsonpath='{.items[0].metadata.name}'")).trim();
      await world.apply(`apiVersion: apps/v1
kind: DaemonSet
metadata: {name: critical}
spec:
  selector: {matchLabels: {app: critical}}
  template:
    metadata: {labels: {app: critical}}
    spec: {nodeSelector: {mission: mission_critical}, terminationGracePeriodSeconds: 0, containers: [{name: main, image: busybox, command: [sleep, "3600"]}]}
`);
      must((await world.pods("app=critical")).length === 0, "the daemon runs on a node without the label");
      await world.ok(`kubectl label node ${node} mission=mission_critical`);
      await world.eventually(
        "the daemon on the labelled node",
        async () => (await world.pods("app=critical"))[0]?.status.phase === "Running",
      );
      await world.ok(`kubectl label node ${node} mission-`);
      await world.eventually("the daemon gone with the label", async () => (await world.pods("app=critical")).length === 0);
      return world.workspace.run("kubectl delete daemonset critical");
    },
    ...expecting(),
  },
  "s001-018": expecting(
    inCluster("nsqlookupd does not announce the Service's name", async (world) =>
      (await world.ok("kubectl exec deployment/nsqlookup -- wget -qO- http://127.0.0.1:4161/nodes")).includes(
        '"broadcast_address":"nsqd.default.svc.cluster.local"',
      ),
    ),
  ),
  "s001-022": expectingWithin(90_000, says("created", "service/nsqlookup", "deployment/nsqlookup"), ready("deployment nsqlookup", 1)),
  "s001-024": { perform: (world, { text }) => dryRun(world, text), ...expecting(says("created", "service/receiver-service")) },
  "s001-025": { perform: (world, { text }) => dryRun(world, text), ...refusing(prints("provided port is not in the valid range")) },
  "s001-027": expectingWithin(
    90_000,
    says("created", "service/receiver-service", "service/nsqd", "deployment/receiver-deployment", "deployment/nsqd"),
    ready("deployment receiver-deployment", 1),
    ready("deployment nsqd", 1),
  ),
  "s001-029": expectingWithin(
    90_000,
    says("created", "deployment/image-processor-deployment"),
    ready("deployment image-processor-deployment", 1),
  ),
  "s001-030": { perform: (world, { text }) => dryRun(world, text), ...expecting(says("created", "service/face-recog")) },
  "s001-031": {
    perform: () => Promise.resolve(SILENT),
    ...expecting(async (_outcome, _world, { text }) => {
      const { readFile } = await import("node:fs/promises");
      const file = new URL("../../../../examples/face-recognition/face-recognition/Dockerfile", import.meta.url);
      const folders = [...text.matchAll(/"(\/\w+)"/g)].map(([, folder]) => folder ?? "");
      const volume = /^VOLUME .*$/m.exec(await readFile(file, "utf8"))?.[0] ?? "";
      must(folders.length > 0 && folders.every((folder) => volume.includes(folder)), `the image declares ${volume}`);
    }),
  },
  "s001-035": expecting(prints(/saved with id: \d+/), async ({ stdout }, world) => {
    must((await outcomeOf(world, idIn(stdout))).person === "Hannibal", "the picture was not recognised");
  }),
  "s001-036": expecting(prints("got path: {Path:/unknown_people/unknown219.jpg}", /image saved with id: \d+/, "image sent to nsq")),
  "s001-037": expecting(
    inCluster("the processor's log does not tell the story", async (world) => {
      const log = await world.ok("kubectl logs deployment/image-processor-deployment");
      return /nsqlookup\.default\.svc\.cluster\.local/.test(log) && /Hannibal/.test(log);
    }),
  ),
  "s001-039": expecting(
    inCluster("not all of the application is there", async (world) => {
      const names = await world.ok("kubectl get deployments -o jsonpath='{.items[*].metadata.name}'");
      return ["mysql", "nsqlookup", "receiver-deployment", "image-processor-deployment", "face-recog", "frontend"].every((name) =>
        names.split(" ").includes(name),
      );
    }),
  ),
  "s001-040": expectingWithin(120_000, says("created", "service/face-recog", "deployment/face-recog"), ready("deployment face-recog", 1)),
  "s001-041": expectingWithin(
    90_000,
    says("created", "service/frontend", "deployment/frontend"),
    ready("deployment frontend", 1),
    async (_outcome, world) => {
      const page = await world.ok(`curl -sS -m 10 http://${await world.nodePort("frontend")}/`);
      must(/<table/.test(page), "the page has no table");
    },
  ),
  "s001-042": expecting(
    table({
      headings: PODS,
      rows: runningPods(
        /^face-recog-/,
        /^image-processor-deployment-/,
        /^mysql-/,
        /^nsqd-/,
        /^nsqlookup-/,
        /^receiver-deployment-/,
        /^frontend-/,
      ),
    }),
  ),
  "s001-043": expecting(
    prints(/NAMESPACE\s+\|\s+NAME\s+\|\s+URL/),
    prints(/default\s+\| face-recog\s+\| No node port/),
    prints(/default\s+\| receiver-service\s+\| http:\/\/[\d.]+:3\d{4}/),
    prints(/kube-system\s+\| kube-dns\s+\| No node port/),
  ),
  "s001-044": {
    async perform(world) {
      must(
        /got error while decoding body/.test(
          await world.ok(`curl -sS -d 'no json' http://${await world.nodePort("receiver-service")}/image/post`),
        ),
        "bad JSON is not answered as stated",
      );
      return SILENT;
    },
    ...expecting(),
  },
  "s001-045": expecting(prints(/got path: \{Path:unknown4456\.jpg\}/, /image saved with id: \d+/)),
  "s001-046": {
    async perform(world, { text }) {
      const url = `http://${await world.nodePort("receiver-service")}`;
      return world.workspace.run(`${text.replace("http://127.0.0.1:8000", url)} -w '\\n%{http_code}'`);
    },
    ...expecting(prints(/404$/)),
  },
  "s001-050": {
    async perform(world) {
      const manifest = await world.workspace.read("receiver.yaml");
      const changed = manifest
        .replace(/(name: receiver-deployment\nspec:\n {2}replicas: )1/, "$12")
        .replace("image: skarlso/kube-receiver-alpine\n", "image: skarlso/kube-receiver-alpine:v1.1\n");
      must(changed.includes("replicas: 2") && changed.includes(":v1.1"), "the manifest is not as expected");
      await world.workspace.write("receiver.yaml", changed);
      return world.workspace.run("kubectl apply --dry-run=server -f receiver.yaml");
    },
    ...expecting(says("configured", "deployment/receiver-deployment")),
  },
  "s001-051": expecting(says("configured", "deployment/receiver-deployment")),
  "s001-052": {
    withinMs: 120_000,
    ...expecting(prints(/deployment "receiver-deployment" successfully rolled out/), async (_outcome, world) => {
      const answer = await post(
        world,
        { paths: [{ path: "/unknown_people/unknown219.jpg" }, { path: "/unknown_people/unknown220.jpg" }] },
        "images",
      );
      must([...answer.matchAll(/saved with id: \d+/g)].length === 2, `v1.1 does not take several paths: ${answer}`);
    }),
  },
  "s001-053": {
    async perform(world, { text }) {
      const strategy = text
        .split("\n")
        .map((line) => `  ${line}`)
        .join("\n");
      const manifest = (await world.workspace.read("receiver.yaml")).replace(
        "name: receiver-deployment\nspec:\n",
        `name: receiver-deployment\nspec:\n${strategy}\n`,
      );
      await world.workspace.write("receiver.yaml", manifest);
      return world.workspace.run("kubectl apply -f receiver.yaml");
    },
    ...expecting(
      says("configured", "deployment/receiver-deployment"),
      inCluster(
        "the strategy is not stored",
        async (world) =>
          (await world.ok("kubectl get deployment receiver-deployment -o jsonpath='{.spec.strategy.rollingUpdate}'")) ===
          '{"maxSurge":1,"maxUnavailable":0}',
      ),
    ),
  },
  "s001-054": {
    withinMs: 120_000,
    async perform(world) {
      const deployment = (maxUnavailable: number, version: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: single}
spec:
  replicas: 1
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: ${maxUnavailable}}}
  selector: {matchLabels: {app: single}}
  template:
    metadata: {labels: {app: single}, annotations: {version: "${version}"}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: busybox, command: [sleep, "3600"], ports: [{containerPort: 4998, hostPort: 4998}]}]}
`;
      await world.apply(deployment(0, "1"));
      await world.ok("kubectl rollout status deployment single --timeout=60s");
      await world.apply(deployment(0, "2"));
      const stuck = await world.workspace.run("kubectl rollout status deployment single --timeout=10s");
      must(stuck.code !== 0, "the update goes through though the second Pod does not fit");
      await world.apply(deployment(1, "2"));
      await world.ok("kubectl rollout status deployment single --timeout=60s");
      return world.workspace.run("kubectl delete deployment single");
    },
    ...expecting(),
  },
  "s001-055": {
    async perform(world) {
      for (const replicas of [3, 1]) {
        const manifest = (await world.workspace.read("receiver.yaml")).replace(/replicas: \d/, `replicas: ${replicas}`);
        await world.workspace.write("receiver.yaml", manifest);
        await world.ok("kubectl apply -f receiver.yaml");
        await world.eventually(`${replicas} receivers`, async () => (await world.pods("app=receiver")).length === replicas, 90_000);
      }
      return SILENT;
    },
    ...expecting(),
  },
  "s001-056": expecting(gone("deployments"), gone("replicasets"), gone("pods -l app=mysql")),
  "s001-057": expecting(
    exist("services", "kubernetes"),
    gone("services", "mysql", "receiver-service", "nsqd", "nsqlookup", "face-recog", "frontend"),
  ),
};

/** Asks the server whether it would take a manifest that is not applied at this point of the document. */
async function dryRun(world: World, text: string): Promise<Outcome> {
  await world.workspace.write("asked.yaml", `${text}\n`);
  return world.workspace.run("kubectl apply --dry-run=server -f asked.yaml");
}

const AFTER_DEPLOYMENT = "s001-042";

/** The whole article. */
export const SEED_001: SeedPlan = {
  seed: "001",
  title: "face recognition: the whole article",
  images: ["nginx", "busybox", "mysql", "face-recognition"],
  replacements: REPLACEMENTS,
  // The article shows first what it builds later.
  later: {
    ...Object.fromEntries(["001", "002", "003", "004", "005", "006", "007"].map((number) => [`s001-${number}`, AFTER_DEPLOYMENT])),
    "s001-018": AFTER_DEPLOYMENT,
    "s001-013": "s000-015",
    "s001-014": "s000-015",
    "s001-015": "s000-015",
    "s001-035": AFTER_DEPLOYMENT,
    "s001-036": AFTER_DEPLOYMENT,
    "s001-037": AFTER_DEPLOYMENT,
  },
  elsewhere: { "s001-047": "cli: needs Docker and its base images; the images are built beforehand, without Docker" },
  async prepare(world) {
    await prepareFaces(world);
    await addMinikube(world, "steps-001", 'up --name steps-001 --kubeconfig "$KUBECONFIG"');
  },
  checks: { ...SHARED, ...WHOLE },
};
