import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackgroundCommand, eventually, type Kubectl, kubectls, obstacle, run, TestCluster } from "./test-cluster.ts";

const why = obstacle();

/** Two containers that write, one that reads, and a Service in front of a web server. */
const PODS = `apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: two}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: ticking, image: "busybox:1.36", command: [sh, -c, "while true; do echo tick; sleep 0.2; done"]}
    - {name: quiet, image: "busybox:1.36", command: [sh, -c, "echo once; exec sleep 3600"]}
---
apiVersion: v1
kind: Pod
metadata: {name: shell}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: shell, image: "busybox:1.36", command: [sh], stdin: true, tty: true}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: web, image: "busybox:1.36", command: [sh, -c, "mkdir /www; echo found > /www/index.html; exec httpd -f -h /www"]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
`;

/** One of its containers ends, so it is never Ready. */
const PARTLY_ENDED = `apiVersion: v1
kind: Pod
metadata: {name: partly}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  containers:
    - {name: ended, image: "busybox:1.36", command: ["true"]}
    - {name: running, image: "busybox:1.36", command: [sleep, "3600"]}
`;

describe.skipIf(why !== undefined)(`kubectl's streams and terminals${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-streams");
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  describe.each(kubectls().map((path) => ({ name: basename(path), path })))("$name", ({ name, path }) => {
    let kubectl: Kubectl;
    let directory: string;
    const namespace = name.replaceAll(".", "-");
    const ok = (line: string, input?: string): Promise<string> =>
      kubectl.ok(`-n ${namespace} ${line}`, input === undefined ? {} : { input });
    const attempt = (line: string): ReturnType<Kubectl["try"]> => kubectl.try(`-n ${namespace} ${line}`);
    const start = (line: string): BackgroundCommand => kubectl.start(`-n ${namespace} ${line}`);

    beforeAll(async () => {
      kubectl = cluster.kubectl(path);
      directory = await mkdtemp(join(tmpdir(), "e2e-streams-"));
      await kubectl.ok(`create namespace ${namespace}`);
      await eventually("the default service account", () => ok("get serviceaccount default"));
      await ok("apply -f -", PODS);
      await ok("wait --for=condition=Ready pod --all --timeout=60s");
    });
    afterAll(async () => {
      await ok("delete pods --all --now");
      await kubectl.ok(`delete namespace ${namespace} --timeout=60s`);
      await rm(directory, { recursive: true });
    });

    it("gives exec a terminal that has the size of the user's, and follows it", async () => {
      const script = `size() { until [ "$(stty size 2>/dev/null)" = "$1" ]; do sleep 0.1; done; echo "size $1"; }; size "50 132"; size "30 100"; exit 5`;
      const terminal = kubectl.terminal(`stty rows 50 cols 132; tty; kubectl -n ${namespace} exec -it two -c quiet -- sh -c '${script}'`);
      await eventually("the first size", async () => terminal.output.includes("size 50 132"));
      const device = /\/dev\/pts\/\d+/.exec(terminal.output)?.[0] ?? "";
      await run("stty", ["-F", device, "rows", "30", "cols", "100"]);
      await eventually("the size after", async () => terminal.output.includes("size 30 100"));
      expect(await terminal.ended()).toBe(5);
    });

    it("runs a Pod at a terminal and removes it again", async () => {
      const terminal = kubectl.terminal(`kubectl -n ${namespace} run typed --image=busybox:1.36 -it --rm --restart=Never -- sh`);
      await eventually("the prompt", async () => terminal.output.includes("# "));
      terminal.type("echo answer $((6 * 7))\n");
      await eventually("the answer", async () => terminal.output.includes("answer 42"));
      terminal.type("exit 3\n");
      expect(await terminal.ended()).toBe(3);
      expect(terminal.output).toContain('pod "typed" deleted');
      expect((await attempt("get pod typed")).stderr).toContain("NotFound");
    });

    it("attaches a terminal to a container that has one, and leaves it running", async () => {
      const terminal = kubectl.terminal(`kubectl -n ${namespace} attach -it shell`);
      // What is typed before the connection is there waits in the terminal.
      terminal.type("echo answer $((6 * 7))\n");
      await eventually("the answer", async () => terminal.output.includes("answer 42"));
      await terminal.stop();
      expect(await ok("get pod shell -o jsonpath={.status.containerStatuses[0].restartCount}")).toBe("0");
    });

    it("carries bytes of both streams and the end of the input", async () => {
      expect((await kubectl.try(`-n ${namespace} exec two -c quiet -- sh -c 'echo out; echo err >&2; exit 9'`)).code).toBe(9);
      const both = await attempt("exec two -c quiet -- sh -c 'echo out; echo err >&2'");
      expect([both.stdout, both.stderr]).toEqual(["out\n", "err\n"]);
      expect(await ok("exec -i two -c quiet -- wc -c", "x".repeat(300_000))).toBe("300000\n");
      expect((await attempt("exec two -c nowhere -- true")).stderr).toMatch(
        /container nowhere is not valid for pod two|container not found/,
      );
      expect((await attempt("exec two -c quiet -- no-such-program")).stderr).toMatch(/executable file not found in \$PATH/);
    });

    it("says of a container that has ended what upstream says", async () => {
      await ok("apply -f -", PARTLY_ENDED);
      await ok("wait pod/partly --for=jsonpath={.status.containerStatuses[0].state.terminated.reason}=Completed --timeout=30s");
      expect((await attempt("exec partly -c ended -- true")).stderr).toContain('container not found ("ended")');
    });

    it("reads the logs of one, of all, of a time, and follows until the end", async () => {
      expect(await ok("logs two -c quiet")).toBe("once\n");
      expect((await attempt("logs two")).stdout).toMatch(/^tick\n/);
      const all = (await ok("logs two --all-containers --prefix --tail=1")).trim().split("\n");
      expect(all.sort()).toEqual(["[pod/two/quiet] once", "[pod/two/ticking] tick"]);
      expect(await ok("logs two -c quiet --since=1s")).toBe("");
      expect(await ok("logs two -c quiet --since=1h --timestamps")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z once\n$/);
      expect(await ok("logs -l app=two -c quiet --limit-bytes=3")).toBe("onc");
      await ok("run ending --image=busybox:1.36 --restart=Never -- sh -c 'echo begin; sleep 1; echo end'");
      await ok("wait --for=jsonpath={.status.phase}=Running pod/ending --timeout=20s");
      expect(await ok("logs -f ending")).toBe("begin\nend\n");
      await ok("delete pod ending --now");
    });

    it("forwards ports to Pods and Services, and proxies the API", async () => {
      for (const target of ["pod/web", "svc/web"]) {
        const forward = start(`port-forward ${target} :80`);
        try {
          const port = await eventually("the forwarding", async () => /127\.0\.0\.1:(\d+) -> 80/.exec(forward.output)?.[1]);
          const answers = await Promise.all(
            Array.from({ length: 5 }, () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text())),
          );
          expect(new Set(answers)).toEqual(new Set(["found\n"]));
        } finally {
          await forward.stop();
        }
      }
      const proxy = start("proxy --port=0");
      try {
        const port = await eventually("the proxy", async () => /127\.0\.0\.1:(\d+)/.exec(proxy.output)?.[1]);
        const base = `http://127.0.0.1:${port}/api/v1/namespaces/${namespace}`;
        expect(await (await fetch(`${base}/pods/two`)).json()).toMatchObject({ kind: "Pod", metadata: { name: "two" } });
        expect(await (await fetch(`${base}/services/web:http/proxy/`)).text()).toBe("found\n");
        expect(await (await fetch(`${base}/pods/web:80/proxy/index.html`)).text()).toBe("found\n");
      } finally {
        await proxy.stop();
      }
    });

    it("copies folders both ways, to a container by name", async () => {
      await writeFile(join(directory, "a"), "a".repeat(100_000));
      await writeFile(join(directory, "b"), "b");
      await ok(`cp ${directory} two:/tmp/sent -c quiet`);
      expect(await ok("exec two -c quiet -- sh -c 'wc -c < /tmp/sent/a; cat /tmp/sent/b'")).toBe("100000\nb");
      await ok(`cp -c quiet two:/tmp/sent ${directory}/back`);
      expect(await readFile(join(directory, "back/a"), "utf8")).toBe("a".repeat(100_000));
    });

    it("debugs with an ephemeral container that sees the processes of another", async () => {
      await ok("debug two --image=busybox:1.36 --target=ticking -c looking -- sh -c 'ps; sleep 3600'");
      await eventually("its output", async () => (await ok("logs two -c looking")).includes("do echo tick"));
      expect(await ok("get pod two -o jsonpath={.spec.ephemeralContainers[0].name}")).toBe("looking");
      await ok("debug web --image=busybox:1.36 --copy-to=copied --set-image=*=busybox:1.36 -- sleep 3600");
      await ok("wait --for=condition=Ready pod/copied --timeout=20s");
    });

    it("deletes at once when it is forced to, and waits for deletions", async () => {
      await ok("run stubborn --image=busybox:1.36 -- sh -c 'trap \"\" TERM; while true; do sleep 1; done'");
      await ok("wait --for=condition=Ready pod/stubborn --timeout=20s");
      const forced = await attempt("delete pod stubborn --grace-period=0 --force");
      expect(forced.stdout).toContain('pod "stubborn" force deleted');
      expect(forced.stderr).toContain("Immediate deletion does not wait for confirmation");
      await ok("delete pod copied --grace-period=1 --wait=false");
      await ok("wait --for=delete pod/copied --timeout=20s");
    });

    it("tells of events, fields, rights and changes", async () => {
      expect(await ok("events --for pod/two --types=Normal")).toMatch(/Started .*Pod\/two/);
      const recursive = await ok("explain pod.spec.containers --recursive");
      expect(recursive).toMatch(/\n {2,}livenessProbe\s+<Probe>\n {4,}exec\s+<ExecAction>\n/);
      expect(await ok("auth can-i --list")).toMatch(/\*\.\* +\[\] +\[\] +\[\*\]/);
      expect(await ok("auth can-i get pods --subresource=log")).toBe("yes\n");
      expect((await kubectl.try(`-n ${namespace} edit pod two`, { environment: { KUBE_EDITOR: "true" } })).stderr).toContain(
        "Edit cancelled, no changes made.",
      );
      await kubectl.ok(`-n ${namespace} edit pod two`, { environment: { KUBE_EDITOR: "sed -i s/app:.two/app:\\ edited/" } });
      expect(await ok("get pod two -o jsonpath={.metadata.labels.app}")).toBe("edited");
      const watch = start("get pods -w --output-watch-events --no-headers -l app=edited");
      try {
        await eventually("the first event", async () => /^ADDED +two /m.test(watch.output));
        await ok("label pod two app-");
        await eventually("the event of what is selected no longer", async () => /^DELETED +two /m.test(watch.output));
      } finally {
        await watch.stop();
      }
    });
  });
});
