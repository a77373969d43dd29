import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  persistentVolumeClaimKind,
  persistentVolumeKind,
  storageClassKind,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeSpec,
} from "@skiff/api";
import { TestCluster, template, podKind } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start(["persistentvolume-controller"]);
});
afterEach(() => cluster.stop());

const volume = (name: string, storage: string, spec: Partial<PersistentVolumeSpec> = {}, labels = {}): Promise<PersistentVolume> =>
  cluster.client.resource(persistentVolumeKind).create({
    metadata: { name, labels },
    spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], hostPath: { path: `/srv/${name}` }, ...spec },
  });
const claim = (name: string, storage: string, spec: Partial<PersistentVolumeClaimSpec> = {}): Promise<PersistentVolumeClaim> =>
  cluster.client.resource(persistentVolumeClaimKind).create({
    metadata: { name, namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...spec },
  });
const storageClass = (name: string, provisioner: string, volumeBindingMode = "Immediate", annotations = {}) =>
  cluster.client.resource(storageClassKind).create({ metadata: { name, annotations }, provisioner, volumeBindingMode });
const getVolume = (name: string) => cluster.client.resource(persistentVolumeKind).get({ name });
const getClaim = (name: string) => cluster.client.resource(persistentVolumeClaimKind).get({ namespace: "default", name });
const deleteClaim = (name: string) => cluster.client.resource(persistentVolumeClaimKind).delete({ namespace: "default", name });
/** `phase volume` of a claim. */
const bound = async (name: string) => {
  const { status, spec } = await getClaim(name);
  return `${status?.phase} ${spec?.volumeName ?? "-"}`;
};
const phase = async (name: string) => (await getVolume(name)).status?.phase;

describe("static binding", () => {
  it("takes the smallest volume that is large enough, with the fewest other uses", async () => {
    await volume("large", "10Gi");
    await volume("shared", "2Gi", { accessModes: ["ReadWriteOnce", "ReadOnlyMany"] });
    await volume("fits", "3Gi");
    await volume("small", "1Gi");
    await cluster.settle();
    expect(await phase("fits")).toBe("Available");
    await claim("data", "2Gi");
    await cluster.settle();
    const { status, metadata, spec } = await getClaim("data");
    expect(spec?.volumeName).toBe("fits");
    expect(status).toEqual({ phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "3Gi" } });
    expect(metadata?.annotations).toEqual({ "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" });
    const pv = await getVolume("fits");
    expect(pv.metadata?.annotations).toEqual({ "pv.kubernetes.io/bound-by-controller": "yes" });
    expect(pv.spec?.claimRef).toMatchObject({ kind: "PersistentVolumeClaim", namespace: "default", name: "data", uid: metadata?.uid });
    expect(pv.status?.phase).toBe("Bound");
  });

  it("heeds class, selector and volume mode", async () => {
    await volume("other-class", "1Gi", { storageClassName: "slow" });
    await volume("block", "1Gi", { volumeMode: "Block" });
    await volume("unlabelled", "1Gi");
    await volume("labelled", "5Gi", {}, { tier: "gold" });
    await claim("gold", "1Gi", { selector: { matchLabels: { tier: "gold" } } });
    await claim("slow", "1Gi", { storageClassName: "slow" });
    await claim("raw", "1Gi", { volumeMode: "Block" });
    await cluster.settle();
    expect(await Promise.all(["gold", "slow", "raw"].map(bound))).toEqual(["Bound labelled", "Bound other-class", "Bound block"]);
    expect(await phase("unlabelled")).toBe("Available");
  });

  it("gives one volume to one claim, however many come at once, and the next one when there is another", async () => {
    await Promise.all(["a", "b", "c"].map((name) => claim(name, "1Gi")));
    await cluster.settle();
    expect(await cluster.events("PersistentVolumeClaim")).toContain(
      "FailedBinding: no persistent volumes available for this claim and no storage class is set",
    );
    await volume("one", "1Gi");
    await volume("two", "1Gi");
    await cluster.settle();
    const all = await Promise.all(["a", "b", "c"].map(bound));
    expect(all.filter((text) => text.startsWith("Bound")).sort()).toEqual(["Bound one", "Bound two"]);
    await volume("three", "1Gi");
    await cluster.settle();
    expect((await Promise.all(["a", "b", "c"].map(bound))).every((text) => text.startsWith("Bound"))).toBe(true);
  });

  it("takes the volume that the claim names, or says why it cannot", async () => {
    await volume("exact", "1Gi");
    await claim("picky", "2Gi", { volumeName: "exact" });
    await claim("early", "1Gi", { volumeName: "late" });
    await cluster.settle();
    expect(await bound("picky")).toBe("Pending exact");
    expect(await cluster.events("PersistentVolumeClaim")).toContain(
      'VolumeMismatch: Cannot bind to requested volume "exact": requested PV is too small',
    );
    await volume("late", "1Gi");
    await cluster.settle();
    expect(await bound("early")).toBe("Bound late");
    // The user chose it, not the controller.
    expect((await getClaim("early")).metadata?.annotations).toEqual({ "pv.kubernetes.io/bind-completed": "yes" });
    await claim("second", "1Gi", { volumeName: "late" });
    await cluster.settle();
    expect(await cluster.events("PersistentVolumeClaim")).toContain('FailedBinding: volume "late" already bound to a different claim.');
  });

  it("keeps a volume that is set aside for the claim that it names", async () => {
    await volume("kept", "1Gi", { claimRef: { namespace: "default", name: "mine" } });
    await claim("other", "1Gi");
    await cluster.settle();
    expect(await phase("kept")).toBe("Available");
    expect(await bound("other")).toBe("Pending -");
    const { metadata } = await claim("mine", "1Gi");
    await cluster.settle();
    expect(await bound("mine")).toBe("Bound kept");
    const pv = await getVolume("kept");
    expect(pv.spec?.claimRef?.uid).toBe(metadata?.uid);
    expect(pv.metadata?.annotations).toBeUndefined();
  });
});

describe("a claim of a class", () => {
  it("waits for its first consumer, and says for whom", async () => {
    await storageClass("standard", "example.com/disk", "WaitForFirstConsumer");
    // Static volumes of such a class are for the scheduler to choose too.
    await volume("free", "1Gi", { storageClassName: "standard" });
    await claim("data", "1Gi", { storageClassName: "standard" });
    await cluster.settle();
    expect(await bound("data")).toBe("Pending -");
    expect(await cluster.events("PersistentVolumeClaim")).toEqual([
      "WaitForFirstConsumer: waiting for first consumer to be created before binding",
    ]);
    const volumes = [{ name: "d", persistentVolumeClaim: { claimName: "data" } }];
    await cluster.client
      .resource(podKind)
      .create({ metadata: { name: "web", namespace: "default" }, spec: { ...template("web").spec!, volumes } });
    await cluster.clock.advance("16s");
    expect(await cluster.events("PersistentVolumeClaim")).toContain("WaitForPodScheduled: waiting for pod web to be scheduled");
  });

  it("is handed to the provisioner at once, or when a node was chosen", async () => {
    await storageClass("fast", "example.com/disk");
    await storageClass("late", "example.com/disk", "WaitForFirstConsumer");
    await claim("now", "1Gi", { storageClassName: "fast" });
    await claim("then", "1Gi", { storageClassName: "late" });
    await cluster.settle();
    const annotations = async (name: string) => (await getClaim(name)).metadata?.annotations;
    const asked = {
      "volume.kubernetes.io/storage-provisioner": "example.com/disk",
      "volume.beta.kubernetes.io/storage-provisioner": "example.com/disk",
    };
    expect(await annotations("now")).toEqual(asked);
    expect(await annotations("then")).toBeUndefined();
    const selected = { "volume.kubernetes.io/selected-node": "n1" };
    await cluster.client
      .resource(persistentVolumeClaimKind)
      .patch({ namespace: "default", name: "then" }, { metadata: { annotations: selected } });
    await cluster.settle();
    expect(await annotations("then")).toEqual({ ...asked, ...selected });
    expect(await cluster.events("PersistentVolumeClaim")).toContain(
      "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    );
  });

  it("that does not exist waits for it", async () => {
    await claim("data", "1Gi", { storageClassName: "slow" });
    await cluster.settle();
    expect(await cluster.events("PersistentVolumeClaim")).toEqual(['ProvisioningFailed: storageclass.storage.k8s.io "slow" not found']);
    await storageClass("slow", "kubernetes.io/no-provisioner");
    await cluster.settle();
    expect(await cluster.events("PersistentVolumeClaim")).toContain(
      "ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner",
    );
  });

  it("that it did not name becomes the default one, even later; an empty name never does", async () => {
    await claim("unset", "1Gi");
    await claim("none", "1Gi", { storageClassName: "" });
    await cluster.settle();
    await storageClass("standard", "example.com/disk", "Immediate", { "storageclass.kubernetes.io/is-default-class": "true" });
    await cluster.settle();
    expect((await getClaim("unset")).spec?.storageClassName).toBe("standard");
    expect((await getClaim("none")).spec?.storageClassName).toBe("");
  });
});

describe("when the other half goes", () => {
  it("a claim is lost for good", async () => {
    await volume("gone", "1Gi");
    await claim("data", "1Gi");
    await cluster.settle();
    await cluster.client.resource(persistentVolumeKind).delete({ name: "gone" });
    await cluster.settle();
    const { status } = await getClaim("data");
    expect(status).toEqual({ phase: "Lost" });
    await cluster.clock.advance("1m");
    expect(await cluster.events("PersistentVolumeClaim")).toEqual([
      "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    ]);
  });

  it("a retained volume is released and goes to nobody, not even to a claim of the same name", async () => {
    await volume("kept", "1Gi");
    await claim("data", "1Gi");
    await cluster.settle();
    await deleteClaim("data");
    await cluster.settle();
    expect(await phase("kept")).toBe("Released");
    await claim("data", "1Gi");
    await cluster.settle();
    expect(await bound("data")).toBe("Pending -");
    // A person who has looked after the data lets go of the claim.
    await cluster.client.resource(persistentVolumeKind).patch({ name: "kept" }, { spec: { claimRef: null } });
    await cluster.settle();
    expect(await bound("data")).toBe("Bound kept");
  });

  it.each([
    ["hostPath", { hostPath: { path: "/srv/data" } }, "host_path deleter only supports /tmp/.+ but received provided /srv/data"],
    [
      "NFS",
      { nfs: { server: "files", path: "/" } },
      'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
    ],
  ])("a %s volume that nobody can delete has failed, and says why", async (_name, source, message) => {
    await volume("v", "1Gi", { hostPath: undefined, ...source, persistentVolumeReclaimPolicy: "Delete" });
    await claim("data", "1Gi");
    await cluster.settle();
    await deleteClaim("data");
    await cluster.clock.advance("1m");
    expect((await getVolume("v")).status).toMatchObject({ phase: "Failed", message });
    expect(await cluster.events("PersistentVolume")).toEqual([`VolumeFailedDelete: ${message}`]);
  });

  it("a volume is not released before the server itself says that the claim is gone", async () => {
    await volume("v", "1Gi");
    await claim("data", "1Gi");
    await cluster.settle();
    cluster.api.intercept = ({ method, path }) => {
      if (method === "GET" && path.endsWith("/persistentvolumeclaims/data")) throw new Error("the network is down");
    };
    await deleteClaim("data");
    await cluster.settle();
    expect(await phase("v")).toBe("Bound");
    cluster.api.intercept = () => {};
    await cluster.clock.advance("1m");
    expect(await phase("v")).toBe("Released");
  });
});

it("leaves alone what others write into the status of a bound volume and claim", async () => {
  await volume("a", "1Gi");
  await claim("data", "1Gi");
  await cluster.settle();
  expect((await getVolume("a")).status).toEqual({ phase: "Bound", lastPhaseTransitionTime: expect.stringMatching(/^20/) as string });
  const status = { subresource: "status" };
  const told = { message: "StatusPatched", reason: "E2E patchStatus" };
  await cluster.client.resource(persistentVolumeKind).patch({ name: "a" }, { status: told }, status);
  const conditions = [{ type: "StatusUpdate", status: "True" }];
  await cluster.client
    .resource(persistentVolumeClaimKind)
    .patch({ namespace: "default", name: "data" }, { status: { conditions } }, status);
  await cluster.clock.advance("1m");
  expect((await getVolume("a")).status).toMatchObject({ phase: "Bound", ...told });
  expect((await getClaim("data")).status).toMatchObject({ phase: "Bound", conditions });
});

it("writes nothing while nothing changes", async () => {
  await volume("a", "1Gi");
  await volume("spare", "1Gi");
  await claim("data", "1Gi");
  await cluster.settle();
  const before = cluster.api.writes.length;
  await cluster.clock.advance("1h");
  expect(cluster.api.writes.length).toBe(before);
});
