import type { Ingress, Node, PersistentVolumeClaim, Pod, PriorityClass } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { DefaultIngressClass, DefaultStorageClass } from "./default-classes.ts";
import { DefaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { PersistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { PriorityAdmission } from "./priority.ts";
import { RuntimeClassAdmission } from "./runtime-class.ts";
import { StorageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { TaintNodesByCondition } from "./taint-nodes-by-condition.ts";
import { admit, testRequest } from "./test-request.ts";

const pod = (spec: object = {}): Pod => ({ metadata: { name: "web" }, spec: { containers: [{ name: "c" }], ...spec } });

describe("Priority", () => {
  const classOf = (name: string, value: number, more: object = {}): PriorityClass => ({ metadata: { name }, value, ...more });
  const reader = new MemoryObjectReader()
    .put(RESOURCES.priorityClasses, classOf("high", 1000, { preemptionPolicy: "Never" }))
    .put(RESOURCES.priorityClasses, classOf("usual", 10, { globalDefault: true }));
  const plugin = new PriorityAdmission(reader);
  const admitPod = (spec: object): Promise<Pod> => admit(plugin, testRequest({ kind: "Pod", object: pod(spec) }));

  it.each<[object, object]>([
    [{ priorityClassName: "high" }, { priority: 1000, preemptionPolicy: "Never" }],
    [{}, { priority: 10, priorityClassName: "usual", preemptionPolicy: "PreemptLowerPriority" }],
    [{ priorityClassName: "system-node-critical" }, { priority: 2_000_001_000 }],
  ])("of %j is %j", async (spec, expected) => {
    expect((await admitPod(spec)).spec).toMatchObject(expected);
  });

  it("cannot be chosen freely", async () => {
    await expect(admitPod({ priorityClassName: "x" })).rejects.toThrow("no PriorityClass with name x was found");
    await expect(admitPod({ priorityClassName: "high", priority: 1 })).rejects.toThrow(
      "the integer value of priority (1) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name",
    );
  });

  it("stays on update when the client does not know it", async () => {
    const request = testRequest({
      kind: "Pod",
      operation: "UPDATE",
      object: pod(),
      oldObject: pod({ priority: 7, preemptionPolicy: "Never" }),
    });
    expect((await admit<Pod>(plugin, request)).spec).toMatchObject({ priority: 7, preemptionPolicy: "Never" });
  });

  it("has one default", async () => {
    const create = (object: PriorityClass): Promise<unknown> => admit(plugin, testRequest({ kind: "PriorityClass", object }));
    await expect(create(classOf("other", 1, { globalDefault: true }))).rejects.toThrow(
      "PriorityClass usual is already marked as default. Only one default can exist",
    );
    await create(classOf("other", 1));
    await create(classOf("usual", 10, { globalDefault: true }));
  });
});

describe("DefaultTolerationSeconds", () => {
  const seconds = async (tolerations?: object[]): Promise<unknown> =>
    (await admit<Pod>(new DefaultTolerationSeconds(), testRequest({ kind: "Pod", object: pod({ tolerations }) }))).spec?.tolerations?.map(
      ({ key, tolerationSeconds }) => [key, tolerationSeconds],
    );

  it("adds what is missing", async () => {
    expect(await seconds()).toEqual([
      ["node.kubernetes.io/not-ready", 300],
      ["node.kubernetes.io/unreachable", 300],
    ]);
    expect(await seconds([{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }])).toEqual(
      [
        ["node.kubernetes.io/not-ready", 5],
        ["node.kubernetes.io/unreachable", 300],
      ],
    );
    expect(await seconds([{ operator: "Exists" }])).toEqual([[undefined, undefined]]);
  });
});

it("TaintNodesByCondition taints new nodes once", async () => {
  const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  const plugin = new TaintNodesByCondition();
  const request = testRequest({ kind: "Node", object: { metadata: { name: "a" } } });
  await admit(plugin, request);
  expect((await admit<Node>(plugin, request)).spec?.taints).toEqual([taint]);
});

describe("default classes", () => {
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  const storageClass = (name: string, creationTimestamp: string): object => ({
    metadata: { name, creationTimestamp, annotations },
    provisioner: "p",
  });
  const reader = new MemoryObjectReader()
    .put(RESOURCES.storageClasses, storageClass("old", "2026-01-01T00:00:00Z") as never)
    .put(RESOURCES.storageClasses, storageClass("new", "2026-01-02T00:00:00Z") as never)
    .put(RESOURCES.ingressClasses, { metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } } });

  it.each<[object, string | undefined]>([
    [{}, "new"],
    [{ storageClassName: "" }, ""],
    [{ storageClassName: "fast" }, "fast"],
  ])("of a claim with %j is %j", async (spec, expected) => {
    const claim = await admit<PersistentVolumeClaim>(
      new DefaultStorageClass(reader),
      testRequest({ kind: "PersistentVolumeClaim", object: { metadata: { name: "c" }, spec } }),
    );
    expect(claim.spec?.storageClassName).toBe(expected);
  });

  it("of an ingress is the only one", async () => {
    const ingress = async (metadata: object = {}): Promise<string | undefined> =>
      (
        await admit<Ingress>(
          new DefaultIngressClass(reader),
          testRequest({ kind: "Ingress", object: { metadata: { name: "i", ...metadata }, spec: {} } }),
        )
      ).spec?.ingressClassName;
    expect(await ingress()).toBe("nginx");
    expect(await ingress({ annotations: { "kubernetes.io/ingress.class": "x" } })).toBeUndefined();
    reader.put(RESOURCES.ingressClasses, {
      metadata: { name: "other", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
    });
    await expect(ingress()).rejects.toThrow("2 default IngressClasses were found, only 1 allowed");
  });
});

it.each([
  ["PersistentVolumeClaim", "kubernetes.io/pvc-protection"],
  ["PersistentVolume", "kubernetes.io/pv-protection"],
])("%s is protected by %s", async (kind, finalizer) => {
  const plugin = new StorageObjectInUseProtection();
  const request = testRequest({ kind, object: { metadata: { name: "x", finalizers: ["own"] } } });
  await admit(plugin, request);
  expect((await admit(plugin, request)).metadata?.finalizers).toEqual(["own", finalizer]);
});

describe("PersistentVolumeClaimResize", () => {
  const reader = new MemoryObjectReader()
    .put(RESOURCES.storageClasses, { metadata: { name: "grows" }, provisioner: "p", allowVolumeExpansion: true })
    .put(RESOURCES.storageClasses, { metadata: { name: "fixed" }, provisioner: "p" });
  const claim = (storage: string, storageClassName: string, phase = "Bound"): PersistentVolumeClaim => ({
    metadata: { name: "c" },
    spec: { storageClassName, resources: { requests: { storage } } },
    status: { phase },
  });
  const resize = (old: PersistentVolumeClaim, object: PersistentVolumeClaim): Promise<unknown> =>
    admit(
      new PersistentVolumeClaimResize(reader),
      testRequest({ kind: "PersistentVolumeClaim", operation: "UPDATE", object, oldObject: old }),
    );

  it("lets claims grow where volumes can", async () => {
    await resize(claim("1Gi", "grows"), claim("2Gi", "grows"));
    await resize(claim("1Gi", "fixed"), claim("1024Mi", "fixed"));
    await expect(resize(claim("1Gi", "fixed"), claim("2Gi", "fixed"))).rejects.toThrow("only dynamically provisioned pvc can be resized");
    await expect(resize(claim("1Gi", "grows", "Pending"), claim("2Gi", "grows"))).rejects.toThrow(
      "Only bound persistent volume claims can be expanded",
    );
  });
});

describe("RuntimeClass", () => {
  const reader = new MemoryObjectReader().put(RESOURCES.runtimeClasses, {
    metadata: { name: "vm" },
    handler: "kata",
    overhead: { podFixed: { memory: "64Mi" } },
    scheduling: { nodeSelector: { virt: "yes" }, tolerations: [{ key: "virt", operator: "Exists" }] },
  });
  const admitPod = (spec: object): Promise<Pod> =>
    admit(new RuntimeClassAdmission(reader), testRequest({ kind: "Pod", object: pod(spec) }));

  it("adds overhead and scheduling", async () => {
    expect((await admitPod({ runtimeClassName: "vm", nodeSelector: { zone: "a" } })).spec).toMatchObject({
      overhead: { memory: "64Mi" },
      nodeSelector: { zone: "a", virt: "yes" },
      tolerations: [{ key: "virt", operator: "Exists" }],
    });
  });

  it.each<[object, string]>([
    [{ runtimeClassName: "x" }, 'pod rejected: RuntimeClass "x" not found'],
    [{ runtimeClassName: "vm", overhead: { memory: "1Mi" } }, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"],
    [{ overhead: { memory: "1Mi" } }, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"],
    [{ runtimeClassName: "vm", nodeSelector: { virt: "no" } }, "conflict: runtimeClass.scheduling.nodeSelector[virt] = yes"],
  ])("refuses %j", async (spec, message) => {
    await expect(admitPod(spec)).rejects.toThrow(message);
  });
});
