import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();

const BUSY = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  selector: {matchLabels: {app: busy}}
  template:
    metadata: {labels: {app: busy}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: loop
        image: busybox:1.36
        command: [sh, -c, "while :; do :; done"]
        resources: {requests: {cpu: 20m}, limits: {cpu: 200m, memory: 64Mi}}
      - {name: idle, image: "busybox:1.36", command: [sleep, "3600"], resources: {requests: {cpu: 1m}}}
`;

const milliCores = (line: string | undefined): number => Number(/ (\d+)m /.exec(line ?? "")?.[1] ?? Number.NaN);

describe.skipIf(why !== undefined)(`Autoscaling on a real cluster${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-autoscaling");
    kubectl = cluster.kubectl();
    await kubectl.ok("apply -f -", { input: BUSY });
    await kubectl.ok("rollout status deploy/busy --timeout=60s");
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("shows what containers and nodes really use", async () => {
    const lines = await eventually("a busy container in kubectl top", async () => {
      const { code, stdout } = await kubectl.try("top pod -l app=busy --containers --no-headers");
      const shown = stdout.trim().split("\n");
      return code === 0 && milliCores(shown.find((line) => line.includes(" loop "))) > 40 ? shown : undefined;
    });
    expect(lines).toHaveLength(2);
    // Its limit is 200m; what runs beside it sleeps.
    expect(milliCores(lines.find((line) => line.includes(" loop ")))).toBeLessThan(320);
    expect(milliCores(lines.find((line) => line.includes(" idle ")))).toBeLessThan(20);
    expect(await kubectl.ok("top node --no-headers")).toMatch(/^\S+ +\d+m +\d+% +[1-9]\d*Mi +\d+% *$/m);
    const own = await cluster.skiff(["kubectl", "--kubeconfig", cluster.kubeconfig, "top", "pod", "--sum", "--no-headers"]);
    expect(milliCores(own.split("\n")[0])).toBeGreaterThan(40);
    expect(await kubectl.ok("get apiservice v1beta1.metrics.k8s.io --no-headers")).toMatch(/^v1beta1\.metrics\.k8s\.io +Local +True /);
  });

  it("scales a Deployment up by its CPU", async () => {
    const command = ["kubectl", "--kubeconfig", cluster.kubeconfig, "autoscale", "deployment", "busy", "--cpu=50%", "--max=2"];
    expect(await cluster.skiff(command)).toBe("horizontalpodautoscaler.autoscaling/busy autoscaled\n");
    const scaled = async (): Promise<boolean> => (await kubectl.ok("get deploy busy -o jsonpath={.status.readyReplicas}")) === "2";
    await eventually("two Pods", scaled, 60_000);
    expect(await kubectl.ok("get hpa busy --no-headers")).toMatch(/^busy +Deployment\/busy +cpu: \d+%\/50% +1 +2 +[12] /);
    const description = await kubectl.ok("describe hpa busy");
    expect(description).toMatch(/resource cpu on pods +\(as a percentage of request\): +\d+% \(\d+m\) \/ 50%/);
    expect(description).toMatch(
      /Normal +SuccessfulRescale .* New size: 2; reason: cpu resource utilization \(percentage of request\) above target/,
    );
  });
});
