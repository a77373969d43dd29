import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandResult, type Kubectl, kubectls, obstacle, PROGRAM, run, TestCluster } from "./test-cluster.ts";

const newest = kubectls()[0];
const why = obstacle() ?? versionObstacle();

const WORKLOAD = `apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: two}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: a, image: "busybox:1.36", command: [sh, -c, "echo from a; exec sleep 3600"]}
    - {name: b, image: "busybox:1.36", command: [sh, -c, "echo from b; exec sleep 3600"]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "busybox:1.36", command: [sleep, "3600"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;

/** What both must answer alike: output, errors and exit code. */
const COMMANDS = [
  "get pods -o wide",
  "get deploy,rs,svc --show-labels",
  "get pod two -o yaml",
  "get pods -A -o name",
  "get nodes -o wide",
  "get svc web -o custom-columns=NAME:.metadata.name,IP:.spec.clusterIP",
  "get pods nosuch",
  "get nosuchkind",
  "describe pod two",
  "describe deploy web",
  "describe svc web",
  "describe sa default",
  "logs two -c b",
  "logs two",
  "logs two -c nowhere",
  "exec two -c b -- echo hi",
  "exec two -c b -- sh -c 'echo out; exit 9'",
  "exec two -c b -- sh -c 'echo err >&2'",
  "exec two -c nowhere -- true",
  "exec two -c b -- no-such-program",
  "exec deploy/web -- hostname",
  "explain deploy --recursive",
  "explain pod.spec.containers",
  "explain pod.nosuch",
  "api-resources",
  "rollout status deploy/web",
  "rollout history deploy/web",
  "auth can-i --list",
  "wait --for=jsonpath={.status.phase}=Running pod/two",
  "expose deploy web --name=x --port=80 --dry-run=client -o yaml",
  "run x --image=busybox --dry-run=client -o yaml",
  "create deployment x --image=a --replicas=2 --dry-run=client -o yaml",
  "create cronjob x --image=a --schedule=@daily --dry-run=client -o yaml",
  "create secret docker-registry x --docker-server=s --docker-username=u --docker-password=p --dry-run=client -o yaml",
  "create service externalname x --external-name=a.b --dry-run=client -o yaml",
  "create rolebinding x --clusterrole=view --user=u --dry-run=client -o yaml",
  "create priorityclass x --value=10 --dry-run=client -o yaml",
  "create namespace x --dry-run=client -o yaml",
  "create ingress x --rule=a.b/c=svc:80 --dry-run=client -o yaml",
  "set image deploy/web web=busybox:1.36",
  "config view",
];

describe.skipIf(why !== undefined)(`the built-in kubectl beside the real one${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-alike");
    kubectl = cluster.kubectl(newest);
    await kubectl.ok("apply -f -", { input: WORKLOAD });
    await kubectl.ok("rollout status deploy/web --timeout=60s");
    await kubectl.ok("wait --for=condition=Ready pod/two --timeout=30s");
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it.each(COMMANDS)("%s", async (line) => {
    const [real, own] = await Promise.all([kubectl.try(line), builtIn(line)]);
    expect(masked(own)).toEqual(masked(real));
  });

  function builtIn(line: string): Promise<CommandResult> {
    const script = `exec "$0" "$1" kubectl ${line}`;
    return run("sh", ["-c", script, process.execPath, PROGRAM], { environment: { KUBECONFIG: cluster.kubeconfig } });
  }
});

/** The built-in client answers as kubectl of the version that Skiff serves; others differ from that one too. */
function versionObstacle(): string | undefined {
  const { stdout } = spawnSync(newest ?? "kubectl", ["version", "--client", "-o", "json"], { encoding: "utf8" });
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
  return clientVersion.gitVersion.startsWith("v1.36.") ? undefined : "there is no kubectl 1.36: scripts/build-tools.ts builds it";
}

/** Without what differs from one moment, or one call, to the next: ages, with the columns that they widen, and ids of executions. */
function masked({ code, stdout, stderr }: CommandResult): CommandResult {
  const mask = (text: string): string =>
    text
      .replace(/\b(\d+d)?(\d+h)?(\d+m)?\d+[smhd](?=[ )\n]|$)/g, "AGE")
      .replace(/\b[0-9a-f]{64}\b/g, "ID")
      .replace(/ +/g, " ");
  return { code, stdout: mask(stdout), stderr: mask(stderr) };
}
