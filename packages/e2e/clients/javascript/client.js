// What programs do with a cluster, by way of the official JavaScript client. Prints what it saw as JSON.
import { Writable } from "node:stream";
import * as k8s from "@kubernetes/client-node";

const namespace = "client-javascript";
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const extensions = config.makeApiClient(k8s.ApiextensionsV1Api);
const custom = config.makeApiClient(k8s.CustomObjectsApi);
const seen = {};
const codeOf = (promise) =>
  promise.then(
    () => 200,
    (error) => error.code,
  );
const until = async (what, test) => {
  for (let tries = 0; tries < 300; tries++) {
    const found = await test();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not in time`);
};

await core.createNamespace({ body: { metadata: { name: namespace } } });
// Every namespace gets the account that its Pods run as.
await until("the account", () => core.readNamespacedServiceAccount({ namespace, name: "default" }).catch(() => false));

const list = () => core.listNamespacedPod({ namespace, labelSelector: "app=web" });
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, list, "app=web");
const running = new Set();
informer.on("update", (pod) => pod.status.phase === "Running" && running.add(pod.metadata.name));
informer.on("delete", (pod) => running.delete(pod.metadata.name));
await informer.start();
const container = { name: "main", image: "busybox:1.36", command: ["sh", "-c", "echo started; exec sleep 3600"] };
const template = { metadata: { labels: { app: "web" } }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } };
const deployment = { metadata: { name: "web" }, spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template } };
const created = await apps.createNamespacedDeployment({ namespace, body: deployment });
await until("running Pods", () => running.size === 2);
seen.running = running.size;

const [name] = running;
seen.log = await core.readNamespacedPodLog({ namespace, name });
let output = "";
const stdout = new Writable({ write: (piece, _encoding, done) => ((output += piece), done()) });
const status = await new Promise((resolve, reject) => {
  new k8s.Exec(config).exec(namespace, name, "main", ["echo", "hello"], stdout, null, null, false, resolve).catch(reject);
});
seen.exec = [status.status, output];

const page = await core.listNamespacedPod({ namespace, limit: 1 });
const rest = await core.listNamespacedPod({ namespace, limit: 1, _continue: page.metadata._continue });
seen.pages = [page.items.length, rest.items.length, rest.metadata._continue === undefined];

const apply = (manager, value) =>
  core.patchNamespacedConfigMap(
    {
      namespace,
      name: "settings",
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { level: value } },
      fieldManager: manager,
    },
    k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.ServerSideApply),
  );
seen.applied = (await apply("first", "high")).data.level;
seen.conflict = await codeOf(apply("second", "low"));
created.metadata.resourceVersion = "1";
seen.stale = await codeOf(apps.replaceNamespacedDeployment({ namespace, name: "web", body: created }));
seen.missing = await codeOf(core.readNamespacedPod({ namespace, name: "nobody" }));

await apps.patchNamespacedDeployment(
  { namespace, name: "web", body: { spec: { replicas: 1 } } },
  k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
);
await until("one Pod less", () => running.size === 1);
seen.scaled = running.size;
await informer.stop();

const group = "javascript.example.com";
const schema = { type: "object", properties: { spec: { type: "object", properties: { miles: { type: "integer" } } } } };
const definition = {
  metadata: { name: `boats.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "boats", singular: "boat", kind: "Boat" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
};
await extensions.createCustomResourceDefinition({ body: definition });
const boats = { group, version: "v1", namespace, plural: "boats" };
const boat = { apiVersion: `${group}/v1`, kind: "Boat", metadata: { name: "skiff" }, spec: { miles: 240, unknown: true } };
await until("the kind", () => custom.createNamespacedCustomObject({ ...boats, body: boat }).catch(() => false));
seen.custom = (await custom.listNamespacedCustomObject(boats)).items.map(({ spec }) => spec);
await extensions.deleteCustomResourceDefinition({ name: definition.metadata.name });

await core.deleteNamespace({ name: namespace });
await until("the end of the namespace", async () => (await codeOf(core.readNamespace({ name: namespace }))) === 404);
console.log(JSON.stringify(seen));
