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
  PODS,
} from "../../expectations.ts";
import { must, SILENT } from "../../outcome.ts";
import type { StepCheck } from "../../seed-plan.ts";
import type { PodObject } from "../../world.ts";
import { dryRun, post } from "./application.ts";

/** Steps of the whole article about what the cluster does for the application. */
export const CLUSTER: Readonly<Record<string, StepCheck>> = {
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
  "s001-040": expectingWithin(120_000, says("created", "service/face-recog", "deployment/face-recog"), ready("deployment face-recog", 1)),
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
    // Today's dashboard is reached through the API server, not at a node's port.
    prints(/kube-system\s+\| kubernetes-dashboard\s+\| No node port/),
  ),
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
