import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, freeTcpPort, type Kubectl, kubectls, nginxExample, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();

describe.skipIf(why !== undefined)(`kubectl against a cluster with containers${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-kubectl");
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  describe.each(kubectls().map((path) => ({ name: basename(path), path })))("$name", ({ name, path }) => {
    let kubectl: Kubectl;
    let nodePort: number;
    let directory: string;
    const namespace = name.replaceAll(".", "-");
    const deployment = "deploy/nginx-deployment";

    const file = async (fileName: string, text: string): Promise<string> => {
      const target = join(directory, fileName);
      await writeFile(target, text);
      return target;
    };
    /** kubectl in the namespace of this version. */
    const ok = (line: string, input?: string): Promise<string> =>
      kubectl.ok(`-n ${namespace} ${line}`, input === undefined ? {} : { input });
    const attempt = (line: string): ReturnType<Kubectl["try"]> => kubectl.try(`-n ${namespace} ${line}`);
    const firstPod = async (): Promise<string> => {
      const names = await ok(`get pods -l app=nginx --field-selector status.phase=Running -o jsonpath={.items[*].metadata.name}`);
      return names.split(" ")[0] ?? "";
    };

    beforeAll(async () => {
      kubectl = cluster.kubectl(path);
      directory = await mkdtemp(join(tmpdir(), "e2e-files-"));
      nodePort = await freeTcpPort(31_080);
      await kubectl.ok(`create namespace ${namespace}`);
      await eventually("the default service account", () => ok("get serviceaccount default"));
      await ok("apply -f -", nginxExample(nodePort));
      await ok(`rollout status ${deployment} --timeout=60s`);
    });
    afterAll(async () => {
      // A namespace with Pods waits for half their grace period before it looks again, so those go first.
      await ok("delete deployments,pods --all");
      await kubectl.ok(`delete namespace ${namespace} --timeout=60s`);
      await rm(directory, { recursive: true });
    });

    it("serves the example over the node port, on the loopback and the node's own address", async () => {
      const address = (await cluster.status()).nodes[0]?.address ?? "";
      for (const host of ["127.0.0.1", address]) {
        const answer = await fetch(`http://${host}:${nodePort}/`);
        expect(answer.status).toBe(200);
        expect(await answer.text()).toContain("nginx");
      }
    });

    it("prints lists in every form", async () => {
      const wide = await ok("get pods -l app=nginx -o wide");
      expect(wide.split("\n")[0]).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/);
      expect(wide.match(/1\/1 +Running +0 /g)).toHaveLength(3);
      expect(await ok("get deploy,rs,svc -o yaml")).toMatch(/^apiVersion: v1\nitems:\n- apiVersion: apps\/v1\n/);
      const list = JSON.parse(await ok("get pods -o json")) as { items: { spec: { nodeName: string } }[] };
      expect(list.items.map((pod) => pod.spec.nodeName)).toEqual(Array(3).fill("e2e-kubectl-1"));
      expect(await ok("get all -o name")).toMatch(/^pod\/.*\nservice\/nginx\ndeployment\.apps\/nginx-deployment\nreplicaset\.apps\//s);
      expect(await ok("get deploy -o jsonpath={.items[*].status.readyReplicas}")).toBe("3");
      expect(await ok("get svc -o custom-columns=NAME:.metadata.name,PORT:.spec.ports[0].nodePort")).toMatch(
        new RegExp(`^NAME +PORT\nnginx +${nodePort}\n$`),
      );
      expect(await ok("get pods --show-labels")).toContain("app=nginx,pod-template-hash=");
      expect(
        (await ok("get pods --no-headers --sort-by=.status.podIP --field-selector status.phase=Running")).trim().split("\n"),
      ).toHaveLength(3);
      expect(await ok("get pods --field-selector status.phase=Failed -o name")).toBe("");
      expect((await ok("get pods --chunk-size=1 -o name")).trim().split("\n")).toHaveLength(3);
      expect(await kubectl.ok("get svc -A")).toMatch(/\ndefault +kubernetes +ClusterIP .*\nkube-system +kube-dns +ClusterIP /s);
    });

    it("watches", async () => {
      const watch = kubectl.start(`-n ${namespace} get configmaps -w --no-headers`);
      try {
        await eventually("the first list", async () => watch.output.includes("kube-root-ca.crt"));
        await ok("create configmap seen --from-literal=a=1");
        await eventually("the new object", async () => /^seen +1 /m.test(watch.output));
      } finally {
        await watch.stop();
      }
    });

    it("describes what there is", async () => {
      const pod = await firstPod();
      expect(await ok(`describe pod ${pod}`)).toMatch(
        /Controlled By: +ReplicaSet\/nginx-deployment-.*Ready: +True.*QoS Class: +BestEffort.*Scheduled.*Started/s,
      );
      expect(await ok(`describe ${deployment}`)).toMatch(
        /3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable.*Scaled up replica set/s,
      );
      expect(await ok("describe svc nginx")).toMatch(/Endpoints: +\d+\.\d+\.\d+\.\d+:80,/);
      expect(await kubectl.ok("describe nodes")).toMatch(/Ready +True .*KubeletReady.*Non-terminated Pods/s);
      expect(await ok("events")).toMatch(/ScalingReplicaSet/);
      expect(await ok("get events --field-selector reason=Scheduled -o name")).toMatch(/^event\//);
    });

    it("reads logs: the last lines, following, and of the container before", async () => {
      const pod = await firstPod();
      await eventually("a probe in the log", async () => /GET \/ HTTP/.test(await ok(`logs ${pod} --tail=1`)));
      const following = kubectl.start(`-n ${namespace} logs -f ${pod} --tail=0`);
      try {
        await eventually("the next line", async () => following.output.includes("kube-probe"));
      } finally {
        await following.stop();
      }
      expect((await attempt(`logs -p ${pod}`)).stderr).toBe(
        `Error from server (BadRequest): previous terminated container "nginx" in pod "${pod}" not found\n`,
      );
      await ok("run restarts --image=busybox:1.36 -- sh -c 'test -e /proc/1/root/x; echo first life; sleep 1; exit 4'");
      await eventually("the container before", async () => (await ok("logs -p restarts")) === "first life\n");
      expect(await ok("get pod restarts -o jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}")).toBe("4");
      await ok("delete pod restarts --now");
    });

    it("runs commands in containers, with input, and copies files both ways", async () => {
      const pod = await firstPod();
      expect(await ok(`exec ${pod} -- hostname`)).toBe(`${pod}\n`);
      expect((await attempt(`exec ${pod} -- sh -c 'exit 3'`)).code).toBe(3);
      const megabyte = "0123456789abcde\n".repeat(65_536);
      expect(await ok(`exec -i ${pod} -- cat`, megabyte)).toBe(megabyte);
      const sent = await file("sent", "copied\n");
      await ok(`cp ${sent} ${pod}:/tmp/copied`);
      await ok(`cp ${pod}:/tmp/copied ${join(directory, "received")}`);
      expect(await readFile(join(directory, "received"), "utf8")).toBe("copied\n");
    });

    it("forwards ports, and attaches", async () => {
      const port = await freeTcpPort(32_080);
      const forward = kubectl.start(`-n ${namespace} port-forward svc/nginx ${port}:80`);
      try {
        await eventually("the forwarding", async () => forward.output.includes("Forwarding from"));
        for (let request = 0; request < 3; request++) expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
      } finally {
        await forward.stop();
      }
      await ok(
        "run ticking --image=busybox:1.36 --restart=Never -- sh -c 'trap \"exit 0\" TERM; while true; do echo tick; sleep 0.2; done'",
      );
      await ok("wait --for=condition=Ready pod/ticking --timeout=20s");
      const attached = kubectl.start(`-n ${namespace} attach ticking`);
      try {
        await eventually("what the container prints", async () => /tick\n/.test(attached.output));
      } finally {
        await attached.stop();
      }
      await ok("delete pod ticking");
    });

    it("runs a Pod once and resolves names of the cluster in it", async () => {
      // kubectl reads the log instead when the container is quicker than it attaches; input keeps it from being so.
      const output = await ok(
        "run lookup --rm -i --restart=Never --image=busybox:1.36 -- sh -c 'read line; nslookup kubernetes.default.svc.cluster.local; wget -q -O - nginx'",
        "go\n",
      );
      expect(output).toMatch(/Name:\s+kubernetes\.default\.svc\.cluster\.local/);
      expect(output).toContain("Welcome to nginx");
      expect(output).toContain('pod "lookup" deleted');
      expect((await attempt("get pod lookup")).stderr).toBe('Error from server (NotFound): pods "lookup" not found\n');
    });

    it("labels, annotates, scales, exposes, and patches in three ways", async () => {
      const pod = await firstPod();
      await ok(`label pod ${pod} tier=front`);
      expect(await ok("get pods -l tier=front -o name")).toBe(`pod/${pod}\n`);
      expect((await attempt(`label pod ${pod} tier=back`)).stderr).toContain("already has a value (front), and --overwrite is false");
      await ok(`label pod ${pod} tier-`);
      await ok(`annotate ${deployment} note=here`);
      await ok(`patch ${deployment} --type=json -p '[{"op":"replace","path":"/spec/replicas","value":2}]'`);
      await ok(`patch ${deployment} --type=merge -p '{"metadata":{"labels":{"by":"merge"}}}'`);
      await ok(
        `patch ${deployment} -p '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"1"}]}]}}}}'`,
      );
      expect(
        await ok(
          `get ${deployment} -o 'jsonpath={.metadata.annotations.note} {.spec.replicas} {.metadata.labels.by} {..env[0].value} {..image}'`,
        ),
      ).toBe("here 2 merge 1 nginx:1.7.9");
      await ok(`rollout status ${deployment} --timeout=60s`);
      await ok(`scale ${deployment} --replicas=3`);
      await ok(`wait --for=jsonpath={.status.readyReplicas}=3 ${deployment} --timeout=30s`);
      await ok(`expose ${deployment} --name=again --port=8080 --target-port=80`);
      await eventually(
        "the endpoints of the new Service",
        async () => (await ok("get endpoints again -o jsonpath={.subsets[0].addresses[*].ip}")).split(" ").length === 3,
      );
    });

    it("rolls out, looks back, goes back, pauses and restarts", async () => {
      await ok(`set image ${deployment} nginx=nginx:1.9.1`);
      await ok(`rollout status ${deployment} --timeout=60s`);
      expect(await ok("get pods -l app=nginx --field-selector status.phase=Running -o jsonpath={..containers[0].image}")).toContain(
        "nginx:1.9.1",
      );
      const history = await ok(`rollout history ${deployment}`);
      expect(history.match(/^\d+ +<none>$/gm)?.length).toBeGreaterThanOrEqual(2);
      await ok(`rollout undo ${deployment}`);
      await ok(`rollout status ${deployment} --timeout=60s`);
      expect(await ok(`get ${deployment} -o jsonpath={..image}`)).toBe("nginx:1.7.9");
      await ok(`rollout pause ${deployment}`);
      const before = await ok("get rs -o name");
      await ok(`set image ${deployment} nginx=nginx:1.25`);
      expect((await attempt(`rollout undo ${deployment}`)).stderr).toContain("paused");
      expect(await ok("get rs -o name")).toBe(before);
      await ok(`rollout resume ${deployment}`);
      await ok(`rollout restart ${deployment}`);
      await ok(`rollout status ${deployment} --timeout=60s`);
      expect(await ok(`get ${deployment} -o jsonpath={..image}`)).toBe("nginx:1.25");
    });

    it("applies on the server's side, and refuses what belongs to another manager", async () => {
      const map = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared\ndata:\n  key: "${value}"\n`;
      await ok("apply --server-side --field-manager=one -f -", map("one"));
      const second = await file("second.yaml", map("two"));
      const refused = await attempt(`apply --server-side --field-manager=two -f ${second}`);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "one": .data.key');
      const difference = await attempt(`diff -f ${second}`);
      expect(difference.code).toBe(1);
      expect(difference.stdout).toMatch(/^-  key: one\n\+  key: two$/m);
      await ok(`apply --server-side --field-manager=two --force-conflicts -f ${second}`);
      await ok("replace -f -", map("three"));
      await kubectl.ok(`-n ${namespace} edit configmap shared`, { environment: { EDITOR: "sed -i s/three/four/" } });
      expect(await ok("get configmap shared -o jsonpath={.data.key}")).toBe("four");
    });

    it("refuses a wrong Pod as upstream does", async () => {
      const wrong = await file(
        "wrong.yaml",
        'apiVersion: v1\nkind: Pod\nmetadata: {name: wrong}\nspec: {containers: [{name: Bad_, image: ""}]}\n',
      );
      const refused = await attempt(`apply -f ${wrong}`);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toBe(
        'The Pod "wrong" is invalid: \n' +
          "* spec.containers[0].name: Invalid value: \"Bad_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
          "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n" +
          "* spec.containers[0].image: Required value\n",
      );
      const unknown = await file(
        "unknown.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: wrong}\nspec: {containers: [], nodeNmae: x}\n",
      );
      expect((await attempt(`apply -f ${unknown}`)).stderr).toContain('unknown field "spec.nodeNmae"');
    });

    it.each(["background", "foreground", "orphan"])("deletes with propagation %s", async (propagation) => {
      const owner = `gone-${propagation}`;
      await ok(`create deployment ${owner} --image=nginx:1.7.9`);
      await ok(`rollout status deploy/${owner} --timeout=30s`);
      await ok(`delete deployment ${owner} --cascade=${propagation}`);
      const left = (): Promise<string> => ok(`get rs,pods -l app=${owner} -o name`);
      if (propagation === "orphan") {
        expect((await left()).trim().split("\n")).toHaveLength(2);
        expect(await ok(`get rs -l app=${owner} -o jsonpath={.items[0].metadata.ownerReferences}`)).toBe("");
        await ok(`delete rs -l app=${owner}`);
      }
      if (propagation === "foreground") expect(await ok(`get rs -l app=${owner} -o name`)).toBe("");
      await eventually("the dependents to be gone", async () => (await left()) === "");
    });

    it("discovers what the server has", async () => {
      expect(await kubectl.ok("api-resources --api-group=apps -o name")).toBe(
        "controllerrevisions.apps\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\n",
      );
      expect(await kubectl.ok("api-versions")).toMatch(/^batch\/v1$/m);
      expect(await kubectl.ok("explain deployment.spec.strategy.rollingUpdate.maxSurge")).toMatch(/FIELD: +maxSurge +<IntOrString>/);
      expect(await kubectl.ok("cluster-info")).toContain("Kubernetes control plane");
      expect(await kubectl.ok("version")).toMatch(/Server Version: .*v1\.36\./s);
      expect(await ok("auth can-i create pods")).toBe("yes\n");
      expect((await attempt("auth can-i create pods --as=nobody")).stdout).toBe("no\n");
      expect((await attempt("get pods --as=nobody")).stderr).toBe(
        `Error from server (Forbidden): pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "${namespace}"\n`,
      );
    });

    it("takes new kinds", async () => {
      const kind = `widget${namespace.replaceAll("-", "")}`;
      await kubectl.ok("apply -f -", { input: widgetDefinition(kind) });
      await kubectl.ok(`wait --for=condition=Established crd/${kind}s.example.com --timeout=20s`);
      const widget = (size: number): string => `apiVersion: example.com/v1\nkind: ${kind}\nmetadata: {name: w}\nspec: {size: ${size}}\n`;
      await eventually("the new kind", () => ok("apply -f -", widget(3)));
      expect(await ok(`get ${kind}s`)).toMatch(/^NAME +SIZE\nw +3\n$/);
      const wrong = await file("wrong-widget.yaml", widget(9));
      expect((await attempt(`apply -f ${wrong}`)).stderr).toContain("spec.size in body should be less than or equal to 5");
      await kubectl.ok(`delete crd ${kind}s.example.com --timeout=20s`);
      // What kubectl says depends on how long it has kept what it discovered.
      expect((await attempt(`get ${kind}s`)).stderr).toMatch(
        /the server (doesn't have a resource type|could not find the requested resource)/,
      );
    });
  });
});

function widgetDefinition(kind: string): string {
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${kind}s.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: ${kind}s, singular: ${kind}, kind: ${kind}}
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer, maximum: 5}}}}
`;
}
