import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle();

/** A Pod of one container that does `command` and mounts `volume`. */
function pod(name: string, volume: object, mount: object = {}, command = "exec sleep 1000", spec: object = {}): object {
  const volumeMounts = [{ name: "vol", mountPath: "/data", ...mount }];
  const container = { name: "main", image: "busybox:1.36", command: ["sh", "-c", command], volumeMounts };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 0, containers: [container], volumes: [{ name: "vol", ...volume }], ...spec },
  };
}

function claim(name: string, storageClassName?: string): object {
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "16Mi" } }, storageClassName };
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name }, spec };
}

const DATABASE = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db" },
  spec: {
    serviceName: "db",
    replicas: 2,
    selector: { matchLabels: { app: "db" } },
    template: {
      metadata: { labels: { app: "db" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
        containers: [
          {
            name: "db",
            image: "busybox:1.36",
            command: ["sh", "-c", "test -f /data/id || head -c 8 /dev/urandom | md5sum > /data/id; exec sleep 1000"],
            volumeMounts: [{ name: "data", mountPath: "/data", subPath: "mysql" }],
          },
        ],
      },
    },
    volumeClaimTemplates: [
      { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "16Mi" } } } },
    ],
  },
};

describe.skipIf(why !== undefined)(`persistent storage${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let outside: string;
  const volumes = (): string => join(cluster.data, "nodes", "e2e-storage-1", "volumes");
  const apply = (...objects: object[]) =>
    kubectl.ok("apply -f -", { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) });
  const field = (what: string, path: string) => kubectl.ok(`get ${what} -o jsonpath={${path}}`);
  const ready = (name: string) => kubectl.ok(`wait --for=condition=Ready pod/${name} --timeout=30s`);
  const events = (name: string) =>
    kubectl.ok(`get events --field-selector involvedObject.name=${name} -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'`);

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-storage");
    kubectl = cluster.kubectl();
    outside = join(cluster.directory, "outside");
    mkdirSync(outside);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("gives each Pod of a StatefulSet a claim, whose data survive the Pod, the processes and a rolling update", async () => {
    expect(await kubectl.ok("get storageclass --no-headers")).toMatch(
      /^standard \(default\) +skiff.dev\/local-path +Delete +WaitForFirstConsumer +true /,
    );
    await apply(DATABASE);
    await kubectl.ok("rollout status statefulset/db --timeout=40s");
    const ids = async () => Promise.all([0, 1].map((index) => kubectl.ok(`exec db-${index} -- cat /data/id`)));
    const before = await ids();
    expect(new Set(before).size).toBe(2);
    expect(await kubectl.ok("get pvc --no-headers")).toMatch(
      /^data-db-0 +Bound +pvc-[0-9a-f-]{36} +16Mi +RWO +standard .*\ndata-db-1 +Bound +pvc-/,
    );
    expect(await kubectl.ok("describe pvc data-db-0")).toMatch(
      /Used By: +db-0\n[^]*ProvisioningSucceeded .*Successfully provisioned volume pvc-/,
    );

    await kubectl.ok("delete pod db-0 --wait=true");
    for (const role of ["server", "node"] as const) process.kill(await cluster.pid(role), "SIGKILL");
    await cluster.up();
    await kubectl.ok("rollout status statefulset/db --timeout=40s");
    await kubectl.ok("set env statefulset/db ROUND=2");
    await kubectl.ok("rollout status statefulset/db --timeout=40s");
    expect(await ids()).toEqual(before);
  });

  it("removes the directory of a deleted claim as soon as no Pod uses it, and grows one before", async () => {
    await apply(
      claim("scratch"),
      pod("user", { persistentVolumeClaim: { claimName: "scratch" } }, {}, "touch /data/file; exec sleep 1000"),
    );
    await ready("user");
    const volume = await field("pvc/scratch", ".spec.volumeName");
    const directory = join(volumes(), `${volume}_default_scratch`);
    await eventually("the file", async () => existsSync(join(directory, "file")));
    await kubectl.ok(`patch pvc scratch -p '{"spec":{"resources":{"requests":{"storage":"32Mi"}}}}'`);
    await eventually("the new size", async () => (await field("pvc/scratch", ".status.capacity.storage")) === "32Mi");
    await kubectl.ok("delete pvc scratch --wait=false");
    expect(await kubectl.ok("get pvc scratch --no-headers")).toMatch(/^scratch +Terminating /);
    expect(existsSync(join(directory, "file"))).toBe(true);
    await kubectl.ok("delete pod user");
    await eventually("the end of the volume", async () => (await kubectl.try(`get pv ${volume}`)).code !== 0);
    expect(existsSync(directory)).toBe(false);
  });

  it("waits for the first consumer, binds at once for a class of a cloud, and keeps what shall be retained", async () => {
    const slow = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: "slow" }, provisioner: "kubernetes.io/gce-pd" };
    await apply(claim("idle"), { ...slow, reclaimPolicy: "Retain" }, claim("kept", "slow"));
    const volume = await eventually("a volume", async () => (await field("pvc/kept", ".spec.volumeName")) || undefined);
    expect(await events("idle")).toContain("WaitForFirstConsumer: waiting for first consumer to be created before binding");
    expect(await field("pvc/idle", ".status.phase")).toBe("Pending");
    await kubectl.ok("delete pvc kept idle");
    await eventually("its release", async () => (await field(`pv/${volume}`, ".status.phase")) === "Released");
    expect(readdirSync(volumes())).toContain(`${volume}_default_kept`);
  });

  it("binds a volume of a path on the node, and says when the path is missing", async () => {
    const hostname = { key: "kubernetes.io/hostname", operator: "In", values: ["e2e-storage-1"] };
    const path = join(outside, "disk");
    const spec = {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "disks",
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    };
    const use = pod("local", { persistentVolumeClaim: { claimName: "local" } }, {}, "echo here > /data/file; exec sleep 1000");
    await apply({ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "disk" }, spec }, claim("local", "disks"), use);
    const message = `FailedMount: MountVolume.NewMounter initialization failed for volume "disk" : path "${path}" does not exist`;
    await eventually("a failure", async () => (await events("local")).includes(message));
    mkdirSync(path);
    await ready("local");
    await eventually("the file", async () => readFileSync(join(path, "file"), "utf8") === "here\n");
  });

  it("checks the types of host paths, creates what they say, and lets no subpath lead out of its volume", async () => {
    writeFileSync(join(outside, "secret"), "secret");
    mkdirSync(join(outside, "volume"));
    symlinkSync(outside, join(outside, "volume", "escape"));
    const hostPath = (path: string, type: string): object => ({ hostPath: { path: join(outside, path), type } });
    await apply(
      pod("made", hostPath("new/directory", "DirectoryOrCreate"), {}, "touch /data/file; exec sleep 1000"),
      pod("file", hostPath("new-file", "FileOrCreate"), { mountPath: "/file" }, "echo text > /file; exec sleep 1000"),
      pod("missing", hostPath("nothing", "Directory")),
      pod("wrong", hostPath("secret", "Socket")),
      pod("escape", hostPath("volume", "Directory"), { subPath: "escape/secret" }),
      pod("expanded", hostPath("volume", "Directory"), { subPathExpr: "$(POD)" }, "touch /data/file; exec sleep 1000", {
        containers: [
          {
            name: "main",
            image: "busybox:1.36",
            command: ["sh", "-c", "touch /data/file; exec sleep 1000"],
            env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            volumeMounts: [{ name: "vol", mountPath: "/data", subPathExpr: "$(POD)" }],
          },
        ],
      }),
    );
    await Promise.all(["made", "file", "expanded"].map(ready));
    await eventually("all files", async () =>
      ["new/directory/file", "new-file", "volume/expanded/file"].every((path) => existsSync(join(outside, path))),
    );
    const failure = (path: string, words: string): string =>
      `FailedMount: MountVolume.SetUp failed for volume "vol" : hostPath type check failed: ${join(outside, path)} is not ${words}`;
    await eventually("a failure", async () => (await events("missing")).includes(failure("nothing", "a directory")));
    await eventually("a failure", async () => (await events("wrong")).includes(failure("secret", "a socket file")));
    await eventually(
      "a refusal",
      async () => (await field("pod/escape", ".status.containerStatuses[0].state.waiting.reason")) === "CreateContainerConfigError",
    );
  });
});
