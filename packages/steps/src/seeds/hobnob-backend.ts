import { expecting, expectingWithin, inCluster, prints, ready, runningPods, says, table, PODS } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { StepCheck } from "../seed-plan.ts";
import type { World } from "../world.ts";

const BACKEND_MS = 120_000;
const BACKENDS = [/^pod\/backend-/, /^pod\/backend-/, /^pod\/backend-/];
const DIGEST = `$2a$10$${"a".repeat(53)}`;

/**
 * What the document's NGINX Ingress controller brings. The one of Skiff serves Ingresses of that class already, so the
 * controller's Pod only waits.
 */
export const INGRESS_NGINX = `apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: default-http-backend, namespace: ingress-nginx, labels: {app: default-http-backend}}
spec:
  selector: {matchLabels: {app: default-http-backend}}
  template:
    metadata: {labels: {app: default-http-backend}}
    spec: {containers: [{name: default-http-backend, image: busybox, command: [httpd, -f, -p, "8080", -h, /var], ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: default-http-backend, namespace: ingress-nginx}
spec: {selector: {app: default-http-backend}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: nginx-ingress-controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app: ingress-nginx}}
  template:
    metadata: {labels: {app: ingress-nginx}}
    spec: {containers: [{name: nginx-ingress-controller, image: busybox, command: [sleep, "86400"]}]}
`;

/** The address of the load balancer in front of the Ingress controller. */
async function frontAddress(world: World): Promise<string> {
  const address = await world.ok("kubectl get service skiff-ingress -n kube-system -o jsonpath='{.status.loadBalancer.ingress[0].ip}'");
  must(/^\d+\.\d+\.\d+\.\d+$/.test(address), `the load balancer has no address: ${address}`);
  return address;
}

/** Asks one of the document's hosts by the load balancer's address; answers the body, and the status in the last line. */
async function ask(world: World, host: string, path: string, more = ""): Promise<string> {
  const address = await frontAddress(world);
  return world.ok(`curl --silent --max-time 10 -w '\\n%{http_code}' -H 'Host: ${host}' ${more} 'http://${address}${path}'`);
}

/** The API and its documentation by their names; no DNS of the world leads here, so the name is given as the Host. */
const BY_NAME: StepCheck = {
  withinMs: BACKEND_MS,
  async perform(world) {
    await world.eventually("the documentation", async () => /Hobnob API[^]*\n200$/.test(await ask(world, "docs.hobnob.social", "/")));
    const user = JSON.stringify({ email: "ada@example.com", digest: DIGEST, profile: { summary: "mathematician" } });
    const made = await ask(world, "api.hobnob.social", "/users", `-H 'Content-Type: application/json' -d '${user}'`);
    const [id = "", status] = made.trim().split("\n");
    must(status === "201" && id !== "", `the user was not created: ${made}`);
    const shown = await ask(world, "api.hobnob.social", `/users/${id}`);
    must(
      shown.includes("mathematician") && shown.endsWith("200") && !shown.includes("$2a$"),
      `the user is not shown as it should: ${shown}`,
    );
    const found = await ask(world, "api.hobnob.social", "/users?query=mathematician");
    must(found.includes(id), `the user is not found: ${found}`);
    const stored = await world.ok(
      `curl --silent "http://$(kubectl get pod elasticsearch-1 -o=jsonpath='{.status.podIP}'):9200/hobnob/user/${id}"`,
    );
    must(stored.includes('"found":true'), `it is not in Elasticsearch: ${stored}`);
    must((await ask(world, "other.hobnob.social", "/")).endsWith("404"), "an unknown host is not answered with 404");
    return SILENT;
  },
  ...expecting(),
};

/** Several copies on different nodes, all of which get requests, and the loss of one is not noticed for long. */
const NO_SINGLE_POINT: StepCheck = {
  withinMs: BACKEND_MS,
  async perform(world) {
    const pods = await world.pods("app=backend");
    must(new Set(pods.map(({ spec }) => spec.nodeName)).size > 1, "all copies of the backend are on one node");
    await world.ok(`kubectl delete pod ${pods[0]?.metadata.name} --wait=false`);
    for (let request = 0; request < 20; request++)
      await world.eventually(
        "an answer without the lost copy",
        async () => (await ask(world, "api.hobnob.social", "/users")).endsWith("200"),
        5_000,
      );
    return SILENT;
  },
  ...expecting(ready("deployment backend", 3)),
};

const PROXY: StepCheck = {
  async perform(world, { text }) {
    const proxy = world.workspace.start(text);
    await world.eventually("the proxy", async () => proxy.stdout.includes("Starting to serve"));
    const version = await world.ok("curl --silent http://127.0.0.1:8001/version");
    must(version.includes("gitVersion"), version);
    const { stdout } = await proxy.stop();
    return { code: 0, stdout, stderr: "" };
  },
  ...expecting(prints("Starting to serve on 127.0.0.1:8001")),
};

/** Names of Services. */
const SERVICE_NAMES: StepCheck = {
  async perform(world) {
    await world.ok("kubectl run lookup --image=busybox --restart=Never --command -- sleep 3600");
    await world.ok("kubectl wait --for=condition=Ready pod/lookup --timeout=60s");
    const headless = await world.ok("kubectl exec lookup -- nslookup elasticsearch.default.svc.cluster.local");
    for (const { status } of await world.pods("app=elasticsearch"))
      must(headless.includes(status.podIP ?? "?"), `the headless Service's name does not lead to ${status.podIP}: ${headless}`);
    const clusterIp = await world.ok("kubectl get service kubernetes -o jsonpath='{.spec.clusterIP}'");
    must((await world.ok("kubectl exec lookup -- nslookup kubernetes.default.svc.cluster.local")).includes(clusterIp), "no cluster IP");
    await world.ok("kubectl exec lookup -- wget -qO- http://elasticsearch:9200/");
    await world.ok("kubectl delete pod lookup --now");
    return SILENT;
  },
  ...expecting(),
};

/** The backend, its Service, and the Ingress in front. */
export const BACKEND_CHECKS: Readonly<Record<string, StepCheck>> = {
  "s002-001": NO_SINGLE_POINT,
  "s002-143": PROXY,
  "s002-152": SERVICE_NAMES,
  "s002-153": expecting(says("created", "deployment/backend")),
  "s002-154": expectingWithin(
    BACKEND_MS,
    table({ headings: PODS, rows: runningPods(...BACKENDS, /^pod\/elasticsearch-0$/, /^pod\/elasticsearch-1$/, /^pod\/elasticsearch-2$/) }),
    table({ headings: ["NAME", "UP-TO-DATE", "AVAILABLE", "AGE"], rows: [{ NAME: "deployment.apps/backend", AVAILABLE: "3" }] }),
    table({
      headings: ["NAME", "DESIRED", "CURRENT", "READY", "AGE"],
      rows: [{ NAME: /^replicaset.apps\/backend-/, DESIRED: "3", CURRENT: "3", READY: "3" }],
    }),
    table({ headings: ["NAME", "AGE"], rows: [{ NAME: "statefulset.apps/elasticsearch" }] }),
  ),
  "s002-155": expecting(prints("Hobnob API server listening on port 8080!")),
  "s002-157": expecting(says("created", "service/backend")),
  "s002-158": expecting(
    table({
      headings: ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
      rows: [
        { NAME: "backend", TYPE: "ClusterIP", "EXTERNAL-IP": "<none>", "PORT(S)": "8080/TCP,8100/TCP" },
        { NAME: "elasticsearch", TYPE: "ClusterIP", "CLUSTER-IP": "None", "PORT(S)": "9200/TCP,9300/TCP" },
        { NAME: "kubernetes", TYPE: "ClusterIP", "PORT(S)": "443/TCP" },
      ],
    }),
  ),
  "s002-159": expecting(says("created", "namespace/ingress-nginx", "deployment/nginx-ingress-controller")),
  // Skiff has the load balancer in front of its own controller from the start.
  "s002-160": {
    perform: async () => SILENT,
    ...expecting(inCluster("the load balancer has no address", async (world) => (await frontAddress(world)) !== "")),
  },
  "s002-161": expecting(table({ headings: PODS, rows: runningPods(/^default-http-backend-/, /^nginx-ingress-controller-/), count: 2 })),
  "s002-163": expecting(says("created", "ingress/backend-ingress")),
  "s002-164": expecting(
    prints(/^Name: +backend-ingress/m, /^Namespace: +default/m, /^Address: +\d+\.\d+\.\d+\.\d+/m, /^Rules:/m),
    prints(/Host +Path +Backends/, /api\.hobnob\.social/, "backend:8080", /docs\.hobnob\.social/, "backend:8100"),
    prints(/^Annotations: /m, "nginx.ingress.kubernetes.io/rewrite-target: /"),
    inCluster("the applied object is not kept as it was", async (world) => {
      const kept = "{.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}";
      return (await world.ok(`kubectl get ingress backend-ingress -o jsonpath='${kept}'`)).includes('"servicePort":8080');
    }),
  ),
  "s002-165": BY_NAME,
};
