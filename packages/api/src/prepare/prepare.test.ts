import { describe, expect, it } from "vitest";
import type { CertificateSigningRequest, Job, Namespace, Pod, Service } from "../generated/types.ts";
import { deepFreeze } from "@skiff/base";
import { admit, stored } from "../kind-testing.ts";
import {
  certificateSigningRequestKind,
  deploymentKind,
  jobKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  podKind,
  serviceKind,
} from "../kinds/all-kinds.ts";

const containers = [{ name: "c", image: "i:1" }];
const pod: Pod = { spec: { containers } };

describe("Pods", () => {
  it.each<[string, Pod["spec"], string]>([
    ["no resources", { containers }, "BestEffort"],
    ["a request", { containers: [{ ...containers[0]!, resources: { requests: { cpu: "1" } } }] }, "Burstable"],
    ["limits of both", { containers: [{ ...containers[0]!, resources: { limits: { cpu: "1", memory: "1Gi" } } }] }, "Guaranteed"],
    ["a limit of one", { containers: [{ ...containers[0]!, resources: { limits: { cpu: "1" } } }] }, "Burstable"],
    ["other resources", { containers: [{ ...containers[0]!, resources: { limits: { "ephemeral-storage": "1Gi" } } }] }, "BestEffort"],
    [
      "requests below limits",
      { containers: [{ ...containers[0]!, resources: { requests: { cpu: "500m" }, limits: { cpu: "1", memory: "1Gi" } } }] },
      "Burstable",
    ],
  ])("get their class of service: %s", (_name, spec, expected) => {
    const { object } = admit(podKind, { spec, status: { phase: "Running", qosClass: "Guaranteed", podIP: "10.0.0.1" } });
    expect(object.status).toEqual({ phase: "Pending", qosClass: expected });
  });

  it("say when they are gated", () => {
    const { object } = admit(podKind, { spec: { containers, schedulingGates: [{ name: "example.com/g" }] } });
    expect(object.status?.conditions).toMatchObject([{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }]);
  });

  it("take their own labels into their affinity", () => {
    const term = { topologyKey: "zone", labelSelector: { matchLabels: { a: "b" } }, matchLabelKeys: ["v"] };
    const { object } = admit(podKind, {
      metadata: { labels: { v: "1" } },
      spec: { containers, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
    });
    const selector = object.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector;
    expect(selector?.matchExpressions).toEqual([{ key: "v", operator: "In", values: ["1"] }]);
  });

  it("keep specification, owners and class of service when the status is written", () => {
    const old = deepFreeze({ ...stored(podKind, pod), status: { phase: "Pending", qosClass: "BestEffort", observedGeneration: 3 } });
    const { object, refusals } = admit(
      podKind,
      {
        ...structuredClone(old),
        spec: { containers: [] },
        status: { phase: "Running" },
        metadata: { ...old.metadata, ownerReferences: [] },
      },
      old,
      "status",
    );
    expect(refusals).toEqual([]);
    expect(object.spec).toEqual(old.spec);
    expect(object.status).toEqual({ phase: "Running", qosClass: "BestEffort", observedGeneration: 3 });
    expect(object.metadata?.ownerReferences).toBeUndefined();
  });

  it("take only containers for debugging by way of that subresource", () => {
    const old = deepFreeze(stored(podKind, pod));
    const changed = structuredClone(old);
    changed.spec!.containers[0]!.image = "other";
    changed.spec!.ephemeralContainers = [{ name: "debug", image: "busybox:1" }];
    const { object, refusals } = admit(podKind, changed, old, "ephemeralcontainers");
    expect(refusals).toEqual([]);
    expect(object.spec?.containers).toEqual(old.spec?.containers);
    expect(object.spec?.ephemeralContainers?.[0]?.name).toBe("debug");
  });
});

describe("statuses", () => {
  it("are not set on create, and kept by writes of the object", () => {
    const template = { metadata: { labels: { a: "b" } }, spec: { containers } };
    const first = admit(deploymentKind, { spec: { selector: { matchLabels: { a: "b" } }, template }, status: { replicas: 5 } }).object;
    expect(first.status).toEqual({});
    const old = deepFreeze({ ...first, status: { replicas: 3 } });
    expect(admit(deploymentKind, { ...structuredClone(old), status: { replicas: 9 } }, old).object.status).toEqual({ replicas: 3 });
    const written = admit(deploymentKind, { ...structuredClone(old), spec: undefined, status: { replicas: 2 } }, old, "status").object;
    expect(written.status).toEqual({ replicas: 2 });
    expect(written.spec).toEqual(old.spec);
  });

  it("of nodes are taken on create, as nodes register themselves with one", () => {
    expect(admit(nodeKind, { status: { capacity: { cpu: "2" } } }).object.status).toMatchObject({ allocatable: { cpu: "2" } });
  });
});

describe("Jobs", () => {
  const job: Job = { metadata: { name: "j", uid: "u-1" }, spec: { template: { spec: { restartPolicy: "Never", containers } } } };

  it("select their Pods by uid", () => {
    const { object, refusals } = admit(jobKind, job);
    expect(refusals).toEqual([]);
    expect(object.spec?.selector).toEqual({ matchLabels: { "batch.kubernetes.io/controller-uid": "u-1" } });
    expect(object.spec?.template.metadata?.labels).toEqual({
      "batch.kubernetes.io/controller-uid": "u-1",
      "batch.kubernetes.io/job-name": "j",
      "controller-uid": "u-1",
      "job-name": "j",
    });
  });

  it("leave a selector of the user's alone", () => {
    const manual: Job = {
      metadata: { name: "j", uid: "u-1" },
      spec: {
        manualSelector: true,
        selector: { matchLabels: { a: "b" } },
        template: { metadata: { labels: { a: "b" } }, spec: { restartPolicy: "Never", containers } },
      },
    };
    expect(admit(jobKind, manual).object.spec?.selector).toEqual({ matchLabels: { a: "b" } });
  });
});

describe("Namespaces", () => {
  const namespace: Namespace = { metadata: { name: "n" } };

  it("are held and active from the start", () => {
    expect(stored(namespaceKind, namespace)).toMatchObject({ spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } });
  });

  it("lose what holds them only by way of finalize", () => {
    const old = deepFreeze(stored(namespaceKind, namespace));
    const freed = { ...structuredClone(old), spec: { finalizers: [] } };
    expect(admit(namespaceKind, freed, old).object.spec?.finalizers).toEqual(["kubernetes"]);
    expect(admit(namespaceKind, freed, old, "finalize").object.spec?.finalizers).toEqual([]);
  });
});

describe("Services", () => {
  const given: Service = {
    metadata: { name: "s", namespace: "default", resourceVersion: "1", uid: "u" },
    spec: {
      type: "NodePort",
      clusterIP: "10.96.0.9",
      clusterIPs: ["10.96.0.9"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      externalTrafficPolicy: "Cluster",
      internalTrafficPolicy: "Cluster",
      sessionAffinity: "None",
      ports: [{ port: 80, protocol: "TCP", targetPort: 80, nodePort: 30080 }],
    },
    status: { loadBalancer: {} },
  };

  it("keep addresses and node ports that an update does not name", () => {
    const { object, refusals } = admit(
      serviceKind,
      { metadata: given.metadata, spec: { type: "NodePort", ports: [{ port: 80 }] } },
      deepFreeze(given),
    );
    expect(refusals).toEqual([]);
    expect(object.spec).toEqual(given.spec);
  });

  it("lose what their new type has no use for", () => {
    const { object, refusals } = admit(serviceKind, { ...structuredClone(given), spec: { ...given.spec, type: "ClusterIP" } }, given);
    expect(refusals).toEqual([]);
    expect(object.spec?.ports?.[0]).not.toHaveProperty("nodePort");
    expect(object.spec).not.toHaveProperty("externalTrafficPolicy");
    const external = admit(
      serviceKind,
      { ...structuredClone(given), spec: { ...given.spec, type: "ExternalName", externalName: "a.b" } },
      given,
    );
    expect(external.refusals).toEqual([]);
    expect(external.object.spec).not.toHaveProperty("clusterIP");
  });

  it.each<[Service["spec"], string | undefined, string[] | undefined]>([
    [{ ports: [{ port: 1 }] }, "SingleStack", ["IPv4"]],
    [{ clusterIP: "None", selector: { a: "b" } }, "SingleStack", ["IPv4"]],
    [{ clusterIP: "None" }, "RequireDualStack", ["IPv4", "IPv6"]],
    [{ type: "ExternalName", externalName: "a.b" }, undefined, undefined],
  ])("get families: %j", (spec, policy, families) => {
    const { object, refusals } = admit(serviceKind, { spec });
    expect(refusals).toEqual([]);
    expect([object.spec?.ipFamilyPolicy, object.spec?.ipFamilies]).toEqual([policy, families]);
  });
});

describe("CertificateSigningRequests", () => {
  it("keep a decision when the status is written, and take one by way of approval", () => {
    const old: CertificateSigningRequest = {
      metadata: { name: "r" },
      spec: { request: "", signerName: "a.b/c" },
      status: { conditions: [{ type: "Approved", status: "True" }] },
    };
    const status = admit(certificateSigningRequestKind, { ...structuredClone(old), status: { certificate: "Yw==" } }, old, "status").object;
    expect(status.status).toEqual({ certificate: "Yw==", conditions: [{ type: "Approved", status: "True" }] });
    const approved = admit(certificateSigningRequestKind, structuredClone(old), { ...old, status: {} }, "approval").object;
    expect(approved.status?.conditions).toHaveLength(1);
  });
});

describe("PersistentVolumeClaims", () => {
  it("name their source in both ways", () => {
    const spec = {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      dataSource: { kind: "PersistentVolumeClaim", name: "p" },
    };
    expect(stored(persistentVolumeClaimKind, { spec }).spec?.dataSourceRef).toEqual({ kind: "PersistentVolumeClaim", name: "p" });
  });
});
