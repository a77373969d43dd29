import type { LimitRangeItem, Pod } from "@skiff/api";
import { expect, it } from "vitest";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { LimitRanger } from "./limit-ranger.ts";
import { admit, testRequest } from "./test-request.ts";

const plugin = (...limits: LimitRangeItem[]): LimitRanger =>
  new LimitRanger(new MemoryObjectReader().put(RESOURCES.limitRanges, { metadata: { namespace: "default", name: "r" }, spec: { limits } }));
const pod = (resources: object = {}): Pod => ({
  metadata: { name: "web" },
  spec: { containers: [{ name: "c", resources }], initContainers: [{ name: "i" }] },
});

it("fills in requests and limits and says so", async () => {
  const ranger = plugin({ type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m", memory: "64Mi" } });
  const admitted = await admit<Pod>(ranger, testRequest({ kind: "Pod", object: pod({ requests: { memory: "1Gi" } }) }));
  expect(admitted.spec?.containers[0]?.resources).toEqual({ requests: { memory: "1Gi", cpu: "100m" }, limits: { cpu: "500m" } });
  expect(admitted.metadata?.annotations).toEqual({
    "kubernetes.io/limit-ranger":
      "LimitRanger plugin set: cpu request for container c; cpu limit for container c; cpu, memory request for init container i; cpu limit for init container i",
  });
});

it.each<[LimitRangeItem, object, string]>([
  [
    { type: "Container", min: { cpu: "100m" } },
    { requests: { cpu: "50m" } },
    "minimum cpu usage per Container is 100m, but request is 50m",
  ],
  [{ type: "Container", min: { cpu: "100m" } }, {}, "minimum cpu usage per Container is 100m.  No request is specified"],
  [
    { type: "Container", max: { memory: "1Gi" } },
    { limits: { memory: "2Gi" } },
    "maximum memory usage per Container is 1Gi, but limit is 2Gi",
  ],
  [{ type: "Pod", max: { memory: "1Gi" } }, { requests: { memory: "1Gi" } }, "maximum memory usage per Pod is 1Gi.  No limit is specified"],
  [
    { type: "Pod", maxLimitRequestRatio: { cpu: "2" } },
    { requests: { cpu: "100m" }, limits: { cpu: "300m" } },
    "cpu max limit to request ratio per Pod is 2, but provided ratio is 3.000000",
  ],
])("refuses past %j", async (item, resources, message) => {
  await expect(admit(plugin(item), testRequest({ kind: "Pod", object: pod(resources) }))).rejects.toThrow(message);
});

it("counts claims by their request", async () => {
  const ranger = plugin({ type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "10Gi" } });
  const claim = (storage: string): Promise<unknown> =>
    admit(
      ranger,
      testRequest({ kind: "PersistentVolumeClaim", object: { metadata: { name: "c" }, spec: { resources: { requests: { storage } } } } }),
    );
  await claim("5Gi");
  await expect(claim("20Gi")).rejects.toThrow(
    'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 20Gi',
  );
  await expect(claim("1Mi")).rejects.toThrow("minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi");
});
