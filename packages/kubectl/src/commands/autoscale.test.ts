import { describe, expect, it } from "vitest";
import { MemoryWorld } from "../testing/memory-io.ts";

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "nginx:1" }] }
`;

async function withDeployment(): Promise<MemoryWorld> {
  const world = new MemoryWorld();
  world.contents.set("app.yaml", DEPLOYMENT);
  await world.run("apply -f app.yaml");
  return world;
}

describe("autoscale", () => {
  it("makes an autoscaler for the named workload", async () => {
    const world = await withDeployment();
    expect(await world.run("autoscale deployment web --min=2 --max=5 --cpu=70% --memory=200Mi")).toEqual({
      code: 0,
      out: "horizontalpodautoscaler.autoscaling/web autoscaled\n",
      err: "",
    });
    const { out, err } = await world.run("get horizontalpodautoscalers web -o jsonpath={.spec}");
    expect(err).toBe("");
    expect(JSON.parse(out)).toEqual({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 2,
      maxReplicas: 5,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
        { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "200Mi" } } },
      ],
    });
  });

  it("takes the older flag for a share of the CPU, and a name", async () => {
    const world = await withDeployment();
    await world.run("autoscale deployment/web --max=3 --cpu-percent=80 --name=other");
    const { out } = await world.run("get horizontalpodautoscalers other -o jsonpath={.spec.metrics[0].resource.target.averageUtilization}");
    expect(out).toBe("80");
  });

  it.each([
    ["--min=1", 'required flag(s) "max" not set'],
    ["--max=0", "--max=MAXPODS is required and must be at least 1, max: 0"],
    ["--max=2 --min=3", "--max=MAXPODS must be larger or equal to --min=MINPODS, max: 2, min: 3"],
  ])("refuses %s", async (flags, message) => {
    const world = await withDeployment();
    const { code, err } = await world.run(`autoscale deployment web ${flags}`);
    expect([code, err]).toEqual([1, `error: ${message}\n`]);
  });
});
