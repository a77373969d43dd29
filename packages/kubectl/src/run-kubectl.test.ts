import { beforeEach, describe, expect, it } from "vitest";
import { MemoryWorld } from "./testing/memory-io.ts";

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "nginx:1" }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { on: "yes", text: "a\\nb\\n" }
`;

let world: MemoryWorld;
beforeEach(() => {
  world = new MemoryWorld();
  world.contents.set("app.yaml", DEPLOYMENT);
});

describe("apply", () => {
  it("creates, finds nothing to do, and changes", async () => {
    expect(await world.run("apply -f app.yaml")).toEqual({
      code: 0,
      out: "deployment.apps/web created\nconfigmap/settings created\n",
      err: "",
    });
    expect((await world.run("apply -f app.yaml")).out).toBe("deployment.apps/web unchanged\nconfigmap/settings unchanged\n");
    world.contents.set("app.yaml", DEPLOYMENT.replace("nginx:1", "nginx:2").replace('on: "yes", ', ""));
    expect((await world.run("apply -f app.yaml")).out).toBe("deployment.apps/web configured\nconfigmap/settings configured\n");
    expect((await world.run("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}")).out).toBe("nginx:2");
    expect((await world.run("get", "configmap/settings", "-o", "jsonpath={.data}")).out).toBe('{"text":"a\\nb\\n"}');
  });

  it("reads standard input and dry-runs without writing", async () => {
    world.stdin = DEPLOYMENT;
    expect((await world.run("apply -f - --dry-run=client")).out).toBe(
      "deployment.apps/web created (dry run)\nconfigmap/settings created (dry run)\n",
    );
    expect(world.api.writes).toEqual([]);
  });
});

describe("get", () => {
  it("aligns columns, and prefixes and parts several kinds", async () => {
    await world.run("apply -f app.yaml");
    expect((await world.run("get deployments,configmaps")).out).toBe(
      [
        "NAME                  READY   UP-TO-DATE   AVAILABLE   AGE",
        "deployment.apps/web   0/2     0            0           0s",
        "",
        "NAME                 DATA   AGE",
        "configmap/settings   2      0s",
        "",
      ].join("\n"),
    );
    expect((await world.run("get deploy -oname".replace("deploy ", "deployment "))).out).toBe("deployment.apps/web\n");
    expect((await world.run("get configmap -A --show-labels")).out).toBe(
      "NAMESPACE   NAME       DATA   AGE   LABELS\ndefault     settings   2      0s    <none>\n",
    );
    expect((await world.run("get configmap -o custom-columns=N:.metadata.name,X:.data.none --no-headers")).out).toBe("settings   <none>\n");
  });

  it("says what is missing as kubectl does", async () => {
    expect(await world.run("get pod nope")).toEqual({ code: 1, out: "", err: 'Error from server (NotFound): pods "nope" not found\n' });
    expect(await world.run("get pods")).toEqual({ code: 0, out: "", err: "No resources found in default namespace.\n" });
    expect(await world.run("get pod nope --ignore-not-found")).toEqual({ code: 0, out: "", err: "" });
    expect(await world.run("get things")).toEqual({ code: 1, out: "", err: 'error: the server doesn\'t have a resource type "things"\n' });
    expect((await world.run("get pods --colour")).err).toBe("error: unknown flag: --colour\nSee 'kubectl get --help' for usage.\n");
    expect((await world.run("diff -f x")).err).toBe('error: skiff kubectl does not do "diff" yet; use kubectl\n');
  });
});

describe("create, change, delete", () => {
  it("prints what a generator makes", async () => {
    expect((await world.run("create deployment web --image=nginx:1 --port=80 --dry-run=client -o yaml")).out).toBe(`apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: web
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  strategy: {}
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - image: nginx:1
        name: nginx
        ports:
        - containerPort: 80
        resources: {}
status: {}
`);
  });

  it.each([
    ["label configmap settings a=b", "configmap/settings labeled\n"],
    ["annotate configmap/settings a=b", "configmap/settings annotated\n"],
    ["set image deployment/web web=nginx:9", "deployment.apps/web image updated\n"],
    ["rollout restart deployment web", "deployment.apps/web restarted\n"],
    ["rollout pause deployment/web", "deployment.apps/web paused\n"],
    ['patch configmap settings --type=merge -p {"data":{"x":"y"}}', "configmap/settings patched\n"],
    ["expose deployment web --port=80", "service/web exposed\n"],
    ["run busy --image=busybox --restart=Never -- sleep 1", "pod/busy created\n"],
    ["create secret generic s --from-literal=a=b", "secret/s created\n"],
    ["delete -f app.yaml", 'deployment.apps "web" deleted from default namespace\nconfigmap "settings" deleted from default namespace\n'],
    ["wait --for=create configmap/settings", "configmap/settings condition met\n"],
  ])("%s", async (command, out) => {
    await world.run("apply -f app.yaml");
    expect(await world.run(command)).toEqual({ code: 0, out, err: "" });
  });

  it("edits with the user's editor", async () => {
    await world.run("apply -f app.yaml");
    world.edit = (file) => void world.contents.set(file, (world.contents.get(file) ?? "").replace("replicas: 2", "replicas: 5"));
    expect((await world.run("edit deployment web")).out).toBe("deployment.apps/web edited\n");
    expect((await world.run("get deployment web -o jsonpath={.spec.replicas}")).out).toBe("5");
  });
});

describe("config", () => {
  it("switches, sets and lists contexts", async () => {
    expect((await world.run("config set-context other --cluster=memory --namespace=dev")).out).toBe('Context "other" created.\n');
    expect((await world.run("config use-context other")).out).toBe('Switched to context "other".\n');
    expect((await world.run("config get-contexts")).out).toBe(
      "CURRENT   NAME     CLUSTER   AUTHINFO   NAMESPACE\n          memory   memory    memory     \n*         other    memory               dev\n",
    );
    expect((await world.run("config use-context none")).err).toBe('error: no context exists with the name: "none"\n');
  });
});

it("describes a workload", async () => {
  await world.run("apply -f app.yaml");
  const { out, err } = await world.run("describe deployment web");
  expect(err).toBe("");
  expect(out).toContain("Name:                   web\nNamespace:              default\n");
  expect(out).toContain("Replicas:               2 desired | 0 updated | 0 total | 0 available | 0 unavailable\n");
  expect(out).toContain("  Containers:\n   web:\n    Image:         nginx:1\n    Port:          <none>\n");
  expect(out.trimEnd().endsWith("Events:            <none>")).toBe(true);
});
