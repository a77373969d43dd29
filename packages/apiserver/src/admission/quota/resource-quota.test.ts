import { conflict, type Pod, type ResourceQuota } from "@skiff/api";
import { expect, it } from "vitest";
import { MemoryObjectReader } from "../../memory-object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { admit, testRequest } from "../test-request.ts";
import { ResourceQuotaAdmission } from "./resource-quota.ts";

function setUp(...quotas: ResourceQuota[]) {
  const reader = new MemoryObjectReader();
  for (const quota of quotas) reader.put(RESOURCES.resourceQuotas, quota);
  let conflicts = 0;
  const plugin = new ResourceQuotaAdmission(reader, {
    async updateStatus(quota) {
      await Promise.resolve();
      if (conflicts-- > 0) throw conflict({ kind: "resourcequotas" });
      reader.put(RESOURCES.resourceQuotas, quota);
      return quota;
    },
  });
  const used = (name = "q"): unknown => reader.get(RESOURCES.resourceQuotas, "default", name)?.status?.used;
  return { reader, plugin, used, failWrites: (count: number) => (conflicts = count) };
}

const quota = (hard: Record<string, string>, used: Record<string, string>, spec: object = {}, name = "q"): ResourceQuota => ({
  metadata: { namespace: "default", name },
  spec: { hard, ...spec },
  status: { hard, used },
});
const pod = (spec: object = {}, name = "web"): Pod => ({ metadata: { name }, spec: { containers: [{ name: "c" }], ...spec } });
const withCpu = (cpu: string): object => ({ containers: [{ name: "c", resources: { requests: { cpu }, limits: { cpu } } }] });

it("charges what is created", async () => {
  const { plugin, used } = setUp(
    quota({ pods: "3", "requests.cpu": "1", "count/pods": "9" }, { pods: "1", "requests.cpu": "250m", "count/pods": "1" }),
  );
  await admit(plugin, testRequest({ kind: "Pod", object: pod(withCpu("500m")) }));
  expect(used()).toEqual({ pods: "2", "requests.cpu": "750m", "count/pods": "2" });
});

it("refuses what goes past, in upstream's words, and charges nothing", async () => {
  const { plugin, used } = setUp(quota({ pods: "2", "requests.cpu": "1" }, { pods: "2", "requests.cpu": "900m" }));
  await expect(admit(plugin, testRequest({ kind: "Pod", object: pod(withCpu("200m")) }))).rejects.toThrow(
    'pods "web" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=200m, used: pods=2,requests.cpu=900m, limited: pods=2,requests.cpu=1',
  );
  expect(used()).toEqual({ pods: "2", "requests.cpu": "900m" });
});

it("asks for requests where the quota counts them", async () => {
  const { plugin } = setUp(quota({ "limits.memory": "1Gi", "requests.cpu": "1" }, { "limits.memory": "0", "requests.cpu": "0" }));
  await expect(admit(plugin, testRequest({ kind: "Pod", object: pod() }))).rejects.toThrow(
    "failed quota: q: must specify limits.memory for: c; requests.cpu for: c",
  );
});

it("never lets requests that come together go past", async () => {
  const { plugin, used } = setUp(quota({ pods: "3" }, { pods: "0" }));
  const attempts = Array.from({ length: 10 }, (_, index) => admit(plugin, testRequest({ kind: "Pod", object: pod({}, `web-${index}`) })));
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  expect(used()).toEqual({ pods: "3" });
});

it("tries again when others wrote the quota", async () => {
  const { plugin, used, failWrites } = setUp(quota({ pods: "3" }, { pods: "1" }));
  failWrites(2);
  await admit(plugin, testRequest({ kind: "Pod", object: pod() }));
  expect(used()).toEqual({ pods: "2" });
});

it("only looks in a dry run", async () => {
  const { plugin, used } = setUp(quota({ pods: "1" }, { pods: "0" }));
  await admit(plugin, testRequest({ kind: "Pod", object: pod(), dryRun: true }));
  expect(used()).toEqual({ pods: "0" });
});

it.each<[string, object, object, boolean]>([
  ["Terminating", { scopes: ["Terminating"] }, { activeDeadlineSeconds: 5 }, true],
  ["Terminating", { scopes: ["Terminating"] }, {}, false],
  ["BestEffort", { scopes: ["BestEffort"] }, {}, true],
  ["BestEffort", { scopes: ["BestEffort"] }, withCpu("1"), false],
  ["NotBestEffort", { scopes: ["NotBestEffort"] }, withCpu("1"), true],
  [
    "PriorityClass",
    { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] } },
    { priorityClassName: "high" },
    true,
  ],
  ["PriorityClass", { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] } }, {}, false],
])("in the scope %s: %j of %j is %s", async (_name, spec, podSpec, charged) => {
  const { plugin, used } = setUp(quota({ pods: "5" }, { pods: "0" }, spec));
  await admit(plugin, testRequest({ kind: "Pod", object: pod(podSpec) }));
  expect(used()).toEqual({ pods: charged ? "1" : "0" });
});

it("charges the difference on updates of services and claims", async () => {
  const { plugin, used } = setUp(
    quota({ "services.nodeports": "5", "requests.storage": "10Gi" }, { "services.nodeports": "1", "requests.storage": "1Gi" }),
  );
  const service = (type: string, ports: number): object => ({
    metadata: { name: "s" },
    spec: { type, ports: Array.from({ length: ports }, (_, port) => ({ port })) },
  });
  await admit(
    plugin,
    testRequest({ kind: "Service", operation: "UPDATE", object: service("NodePort", 3), oldObject: service("NodePort", 1) }),
  );
  const claim = (storage: string): object => ({ metadata: { name: "c" }, spec: { resources: { requests: { storage } } } });
  await admit(plugin, testRequest({ kind: "PersistentVolumeClaim", operation: "UPDATE", object: claim("3Gi"), oldObject: claim("1Gi") }));
  await admit(plugin, testRequest({ kind: "PersistentVolumeClaim", operation: "UPDATE", object: claim("1Gi"), oldObject: claim("3Gi") }));
  expect(used()).toEqual({ "services.nodeports": "3", "requests.storage": "3Gi" });
});

it("counts objects of any kind", async () => {
  const { plugin, used } = setUp(quota({ "count/deployments.apps": "1", secrets: "5" }, { "count/deployments.apps": "0", secrets: "0" }));
  await admit(plugin, testRequest({ kind: "Deployment", object: { metadata: { name: "d" } } }));
  await admit(plugin, testRequest({ kind: "Secret", object: { metadata: { name: "s" } } }));
  expect(used()).toEqual({ "count/deployments.apps": "1", secrets: "1" });
  await expect(admit(plugin, testRequest({ kind: "Deployment", object: { metadata: { name: "e" } } }))).rejects.toThrow(/exceeded quota/);
});
