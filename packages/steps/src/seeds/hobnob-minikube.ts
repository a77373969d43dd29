import { expecting, expectingWithin, gone, inCluster, prints, ready, refusing, runningPods, says, table, PODS } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { StepCheck } from "../seed-plan.ts";

/** The headings of Deployments; of the document's time there is no READY. */
export const DEPLOYMENTS = ["NAME", "UP-TO-DATE", "AVAILABLE", "AGE"];

const MINIKUBE_MS = 240_000;
const STARTED = expectingWithin(
  MINIKUBE_MS,
  prints("Kubectl is now configured to use the cluster."),
  inCluster("the node is not ready", async (world) => /\sReady\s/.test(await world.ok("kubectl get nodes"))),
);
const CONFIGURED = expecting(prints("minikube: Running", "cluster: Running", "kubectl: Correctly Configured: pointing to minikube-vm at"));

/** What `kubectl cluster-info` says; today's words differ. */
export const CLUSTER_INFO = expecting(
  prints(
    /Kubernetes (master|control plane) is running at https:\/\//,
    /(KubeDNS|CoreDNS) is running at https:\S+\/services\/kube-dns:dns\/proxy/,
  ),
);

const SHARED_POD = `apiVersion: v1
kind: Pod
metadata: {name: shared}
spec:
  volumes: [{name: common, emptyDir: {}}]
  containers:
  - name: server
    image: busybox
    command: [sh, -c, 'echo from the server >/common/index.html; exec httpd -f -p 8080 -h /common']
    volumeMounts: [{name: common, mountPath: /common}]
  - name: client
    image: busybox
    command: [sleep, "3600"]
    volumeMounts: [{name: common, mountPath: /seen}]
`;

/** The containers of one Pod have one network, and the volumes that they share. */
const ONE_POD: StepCheck = {
  async perform(world) {
    await world.apply(SHARED_POD);
    await world.ok("kubectl wait --for=condition=Ready pod/shared --timeout=60s");
    const page = await world.ok("kubectl exec shared -c client -- wget -qO- http://localhost:8080/");
    must(page.trim() === "from the server", "one container does not reach the other at localhost");
    await world.ok("kubectl exec shared -c client -- cat /seen/index.html");
    await world.ok("kubectl delete pod shared --now");
    return SILENT;
  },
  ...expecting(gone("pods", "shared")),
};

/** A change by hand stays until the manifest is applied again; what a controller owns comes back by itself. */
const DECLARATIVE: StepCheck = {
  async perform(world) {
    await world.workspace.write(
      "declared.yaml",
      `apiVersion: apps/v1
kind: Deployment
metadata: {name: declared}
spec:
  replicas: 2
  selector: {matchLabels: {app: declared}}
  template:
    metadata: {labels: {app: declared}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: idle, image: busybox, command: [sleep, "3600"]}]}
`,
    );
    await world.ok("kubectl apply -f declared.yaml && kubectl rollout status deployment declared --timeout=60s");
    await world.ok(`kubectl delete pod ${(await world.pods("app=declared"))[0]?.metadata.name}`);
    await world.eventually("the deleted Pod's replacement", async () => (await world.pods("app=declared")).length === 2);
    await world.ok("kubectl scale deployment declared --replicas=1");
    await world.ok("kubectl apply -f declared.yaml");
    await world.eventually("two Pods, as declared", async () => (await world.pods("app=declared")).length === 2);
    await world.ok("kubectl delete -f declared.yaml");
    return SILENT;
  },
  ...expecting(gone("pods -l app=declared")),
};

/** kubectl, minikube, and the first Pod by `kubectl run`. */
export const MINIKUBE_CHECKS: Readonly<Record<string, StepCheck>> = {
  "s002-013": expecting(prints(/^Client Version: /m)),
  "s002-014": expecting(
    inCluster("new shells do not complete kubectl's words", async (world) =>
      (await world.ok("bash -c 'shopt -s expand_aliases; . ~/.bashrc; complete -p kubectl'")).includes("__start_kubectl"),
    ),
  ),
  "s002-022": STARTED,
  "s002-023": expecting(
    table({ headings: ["NAME", "STATUS", "ROLES", "AGE", "VERSION"], rows: [{ STATUS: "Ready", VERSION: /^v1\./ }], count: 1 }),
  ),
  "s002-026": CONFIGURED,
  "s002-027": CLUSTER_INFO,
  // An address that nothing can be reached at, as after a change of the network.
  "s002-028": {
    perform: (world, { text }) =>
      world.workspace.run(`kubectl config set-cluster skiff-steps-002 --server=https://255.255.255.255:8443 >/dev/null\n${text}`),
    ...refusing(prints(/dial tcp 255\.255\.255\.255:8443: connect: network is unreachable/)),
  },
  "s002-029": expecting(
    prints("kubectl: Misconfigured: pointing to stale minikube-vm.", "To fix the kubectl context, run minikube update-context"),
  ),
  "s002-030": expecting(prints(/Reconfigured kubeconfig IP, now pointing at \d+\.\d+\.\d+\.\d+/)),
  "s002-031": CLUSTER_INFO,
  "s002-032": {
    perform: (world) => world.workspace.run('skiff delete --name steps-002 --kubeconfig "$KUBECONFIG"'),
    ...expecting(async (_outcome, world) => must((await world.workspace.run("kubectl get nodes")).code !== 0, "the cluster still answers")),
  },
  "s002-033": STARTED,
  "s002-034": CONFIGURED,
  "s002-035": CLUSTER_INFO,
  "s002-036": ONE_POD,
  "s002-039": expecting(says("created", "deployment/elasticsearch")),
  "s002-040": expecting(table({ headings: PODS, rows: [{ NAME: /^elasticsearch-/, STATUS: /^(ContainerCreating|Running)$/ }] })),
  "s002-041": expectingWithin(180_000, table({ headings: PODS, rows: runningPods(/^elasticsearch-/) })),
  "s002-044": expecting(table({ headings: DEPLOYMENTS, rows: [{ NAME: "elasticsearch", "UP-TO-DATE": "1", AVAILABLE: "1" }] })),
  "s002-045": DECLARATIVE,
  "s002-046": expectingWithin(90_000, prints(/"elasticsearch" deleted/), gone("replicasets"), gone("pods")),
  "s002-047": expecting(prints("No resources found")),
};

/** A Deployment of Elasticsearch whose Pods are all there. */
export const THREE_READY = ready("deployment elasticsearch", 3);
