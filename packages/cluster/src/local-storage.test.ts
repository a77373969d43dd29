import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  eventKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  statefulSetKind,
  storageClassKind,
  type PersistentVolume,
  type PersistentVolumeSpec,
  type StorageClass,
} from "@skiff/api";
import type { VirtualClock } from "@skiff/base";
import { startCluster, type TestCluster } from "./test-cluster.ts";

let cluster: TestCluster<VirtualClock>;

beforeEach(async () => {
  cluster = await startCluster({ nodes: 3 });
});
afterEach(() => cluster.stop());

const namespace = "default";
const claims = () => cluster.client.resource(persistentVolumeClaimKind);
const volumes = () => cluster.client.resource(persistentVolumeKind);
const claimSpec = (storageClassName?: string) => ({
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: "1Gi" } },
  ...(storageClassName === undefined ? {} : { storageClassName }),
});
const claim = (name: string, storageClassName?: string) =>
  claims().create({ metadata: { name, namespace }, spec: claimSpec(storageClassName) });
const storageClass = (name: string, more: Partial<StorageClass>) =>
  cluster.client.resource(storageClassKind).create({ metadata: { name }, provisioner: "skiff.dev/local-path", ...more });
const pod = (name: string, claimName: string) =>
  cluster.client.resource(podKind).create({
    metadata: { name, namespace },
    spec: {
      containers: [{ name: "main", image: "app:1", volumeMounts: [{ name: "d", mountPath: "/data" }] }],
      volumes: [{ name: "d", persistentVolumeClaim: { claimName } }],
    },
  });
const volumeOf = async (name: string): Promise<PersistentVolume> =>
  volumes().get({ name: (await claims().get({ namespace, name })).spec?.volumeName ?? "" });
const nodeOf = ({ spec }: PersistentVolume) => spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values?.[0] ?? "";
const files = (volume: PersistentVolume) => cluster.nodes.get(nodeOf(volume))!.fileSystem;
const directory = async (volume: PersistentVolume) => (await files(volume).stat(volume.spec?.local?.path ?? ""))?.type;
const events = async (name: string) =>
  (await cluster.client.resource(eventKind).list({ namespace })).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);

describe("claims of the default class", () => {
  it("get a directory on the node of their Pod, and the data are there when the Pod comes again", async () => {
    await cluster.client.resource(statefulSetKind).create({
      metadata: { name: "db", namespace },
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: {
          metadata: { labels: { app: "db" } },
          spec: { containers: [{ name: "db", image: "db:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }] },
        },
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec() }],
      },
    });
    await cluster.clock.advance("30s");
    const pods = async () => (await cluster.client.resource(podKind).list({ namespace })).items;
    expect((await pods()).map(({ metadata, status }) => `${metadata?.name} ${status?.phase}`)).toEqual(["db-0 Running", "db-1 Running"]);
    const volume = await volumeOf("data-db-0");
    const first = (await pods())[0];
    expect(nodeOf(volume)).toBe(first?.spec?.nodeName);
    expect(await directory(volume)).toBe("directory");
    expect(await events("data-db-0")).toContain(`ProvisioningSucceeded: Successfully provisioned volume ${volume.metadata?.name}`);
    await files(volume).writeFile(`${volume.spec?.local?.path}/rows`, Buffer.from("1"));

    await cluster.client.resource(podKind).delete({ namespace, name: "db-0" });
    await cluster.clock.advance("1m");
    const again = (await pods()).find(({ metadata }) => metadata?.name === "db-0");
    expect(again?.metadata?.uid).not.toBe(first?.metadata?.uid);
    expect([again?.status?.phase, again?.spec?.nodeName]).toEqual(["Running", nodeOf(volume)]);
    expect(await files(volume).stat(`${volume.spec?.local?.path}/rows`)).toBeDefined();
  });

  it("keep their directory until they are deleted and nobody uses them, and then it goes with the volume", async () => {
    await claim("data");
    await pod("web", "data");
    await cluster.clock.advance("10s");
    const volume = await volumeOf("data");
    await claims().delete({ namespace, name: "data" });
    await cluster.clock.advance("30s");
    expect(await directory(volume)).toBe("directory");
    await cluster.client.resource(podKind).delete({ namespace, name: "web" });
    await cluster.clock.advance("1m");
    expect(await directory(volume)).toBeUndefined();
    expect((await volumes().list()).items).toEqual([]);
  });

  it("grow when they are asked to", async () => {
    await claim("data");
    await pod("web", "data");
    await cluster.clock.advance("10s");
    await claims().patch({ namespace, name: "data" }, { spec: { resources: { requests: { storage: "3Gi" } } } });
    await cluster.clock.advance("10s");
    expect((await claims().get({ namespace, name: "data" })).status?.capacity).toEqual({ storage: "3Gi" });
    expect((await volumeOf("data")).spec?.capacity).toEqual({ storage: "3Gi" });
    const before = (await claims().get({ namespace, name: "data" })).metadata?.resourceVersion;
    await cluster.clock.advance("10m");
    expect((await claims().get({ namespace, name: "data" })).metadata?.resourceVersion).toBe(before);
  });
});

describe("classes of provisioners that only clouds have", () => {
  it("bind at once and spread over the nodes", async () => {
    await storageClass("slow", { provisioner: "kubernetes.io/gce-pd", parameters: { type: "pd-standard" } });
    await Promise.all(["a", "b", "c"].map((name) => claim(name, "slow")));
    await cluster.clock.advance("5s");
    const made = await Promise.all(["a", "b", "c"].map(volumeOf));
    expect(new Set(made.map(nodeOf)).size).toBe(3);
    expect(made.map(({ metadata }) => metadata?.annotations?.["pv.kubernetes.io/provisioned-by"])).toEqual(
      Array.from({ length: 3 }, () => "kubernetes.io/gce-pd"),
    );
    await pod("web", "b");
    await cluster.clock.advance("10s");
    expect((await cluster.client.resource(podKind).get({ namespace, name: "web" })).spec?.nodeName).toBe(nodeOf(made[1]!));
  });

  it("are left to their driver when it is installed, and to whoever the class says", async () => {
    await cluster.client.raw({
      method: "POST",
      path: "/apis/storage.k8s.io/v1/csidrivers",
      body: { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", metadata: { name: "ebs.csi.aws.com" }, spec: {} },
    });
    await storageClass("installed", { provisioner: "ebs.csi.aws.com" });
    await storageClass("foreign", { provisioner: "example.com/disk" });
    await storageClass("adopted", {
      provisioner: "example.com/disk",
      metadata: { name: "adopted", annotations: { "skiff.dev/local-volumes": "true" } },
    });
    await Promise.all(["installed", "foreign", "adopted"].map((name) => claim(name, name)));
    await cluster.clock.advance("30s");
    const phases = (await claims().list({ namespace })).items.map(({ metadata, status }) => `${metadata?.name} ${status?.phase}`);
    expect(phases).toEqual(["adopted Bound", "foreign Pending", "installed Pending"]);
  });
});

it("refuses what directories cannot be, and says so", async () => {
  await storageClass("now", {});
  await claims().create({ metadata: { name: "raw", namespace }, spec: { ...claimSpec("now"), volumeMode: "Block" } });
  await cluster.clock.advance("5s");
  expect(await events("raw")).toContain(
    'ProvisioningFailed: failed to provision volume with StorageClass "now": skiff.dev/local-path does not support block volume provisioning',
  );
});

it("leaves the directory of a retained volume, also when the volume is deleted", async () => {
  await storageClass("kept", { reclaimPolicy: "Retain" });
  await claim("data", "kept");
  await cluster.clock.advance("5s");
  const volume = await volumeOf("data");
  await claims().delete({ namespace, name: "data" });
  await cluster.clock.advance("30s");
  expect((await volumes().get({ name: volume.metadata?.name ?? "" })).status?.phase).toBe("Released");
  await volumes().delete({ name: volume.metadata?.name ?? "" });
  await cluster.clock.advance("30s");
  expect((await volumes().list()).items).toEqual([]);
  expect(await directory(volume)).toBe("directory");
});

describe("volumes that a person has made of a path", () => {
  const handMade = async (spec: Partial<PersistentVolumeSpec>, path: string): Promise<void> => {
    await volumes().create({
      metadata: { name: "v" },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path }, storageClassName: "", ...spec },
    });
    await claim("data", "");
    for (const { fileSystem } of cluster.nodes.values()) {
      await fileSystem.makeDirectory(path);
      await fileSystem.writeFile(`${path}/old`, new Uint8Array());
    }
    await cluster.clock.advance("5s");
    await claims().delete({ namespace, name: "data" });
    await cluster.clock.advance("30s");
  };
  const emptied = async (path: string) =>
    (await Promise.all([...cluster.nodes.values()].map(({ fileSystem }) => fileSystem.stat(path)))).filter((file) => file === undefined)
      .length;

  it("are emptied on one node and free again when they are recycled", async () => {
    await handMade({ persistentVolumeReclaimPolicy: "Recycle" }, "/srv/scratch");
    const { spec, status } = await volumes().get({ name: "v" });
    expect([status?.phase, spec?.claimRef]).toEqual(["Available", undefined]);
    expect([await emptied("/srv/scratch/old"), await emptied("/srv/scratch")]).toEqual([1, 0]);
  });

  it("are deleted on one node when they lie below /tmp", async () => {
    await handMade({ persistentVolumeReclaimPolicy: "Delete" }, "/tmp/scratch");
    expect((await volumes().list()).items).toEqual([]);
    expect(await emptied("/tmp/scratch")).toBe(1);
  });

  it("never lead to the deletion of anything by claiming to be made by a provisioner", async () => {
    const hostname = { key: "kubernetes.io/hostname", operator: "In", values: ["node-1"] };
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } };
    const { fileSystem } = cluster.nodes.get("node-1")!;
    await fileSystem.makeDirectory("/etc/secret");
    for (const [index, path] of ["/etc/secret", "/var/lib/skiff/volumes/../../../../etc/secret"].entries()) {
      await volumes()
        .create({
          metadata: { name: `v${index}`, annotations: { "pv.kubernetes.io/provisioned-by": "skiff.dev/local-path" } },
          spec: {
            capacity: { storage: "1Gi" },
            accessModes: ["ReadWriteOnce"],
            local: { path },
            nodeAffinity,
            storageClassName: "",
            persistentVolumeReclaimPolicy: "Delete",
          },
        })
        .catch(() => undefined);
      await claim(`data${index}`, "");
      await cluster.clock.advance("5s");
      await claims().delete({ namespace, name: `data${index}` });
      await cluster.clock.advance("30s");
    }
    expect(await fileSystem.stat("/etc/secret")).toBeDefined();
  });
});
