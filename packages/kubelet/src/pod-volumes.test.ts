import type { Volume } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { TestNode } from "./testing/test-node.ts";

const ROOT = "/var/lib/kubelet/pods";

async function mountOf(node: TestNode, path: string): Promise<{ hostPath: string; readonly: boolean } | undefined> {
  const [container] = await node.runtime.listContainers();
  return node.runtime.configOf(container?.id ?? "")?.mounts.find(({ containerPath }) => containerPath === path);
}

async function text(node: TestNode, path: string): Promise<string | undefined> {
  return node.fileSystem.readFile(path).then(
    (bytes) => Buffer.from(bytes).toString("utf8"),
    () => undefined,
  );
}

async function runWith(node: TestNode, volume: Volume, mount: object = {}, spec: object = {}): Promise<string> {
  const containers = [{ name: "main", image: "example.com/app:1", volumeMounts: [{ name: volume.name, mountPath: "/v", ...mount }] }];
  await node.run("web", { containers, volumes: [volume], ...spec }, { labels: { app: "web" } });
  return (await mountOf(node, "/v"))?.hostPath ?? "";
}

describe("volumes", () => {
  it("of a ConfigMap follow the object, file by file", async () => {
    const node = new TestNode();
    node.api.put("/api/v1/namespaces/default/configmaps/settings", {
      metadata: { name: "settings", namespace: "default" },
      data: { a: "1", b: "2" },
    } as object);
    await node.start();
    const path = await runWith(node, { name: "c", configMap: { name: "settings", defaultMode: 0o400 } });
    expect([await text(node, `${path}/a`), await text(node, `${path}/b`)]).toEqual(["1", "2"]);
    expect((await node.fileSystem.stat(`${path}/a`))?.mode).toBe(0o400);
    const before = await node.fileSystem.readLink(`${path}/..data`);

    node.api.put("/api/v1/namespaces/default/configmaps/settings", {
      metadata: { name: "settings", namespace: "default" },
      data: { a: "3" },
    } as object);
    await node.clock.advance("1s");
    expect([await text(node, `${path}/a`), await text(node, `${path}/b`)]).toEqual(["3", undefined]);
    expect(await node.fileSystem.readLink(`${path}/..data`)).not.toBe(before);
    expect((await node.fileSystem.readDirectory(path)).filter((name) => name.startsWith(".."))).toHaveLength(2);
  });

  it("wait for what they refer to, and say so", async () => {
    const node = new TestNode();
    await node.start();
    await node.run("web", {
      containers: [{ name: "main", image: "a:1", volumeMounts: [{ name: "s", mountPath: "/v" }] }],
      volumes: [{ name: "s", secret: { secretName: "late" } }],
    });
    await node.clock.advance("10s");
    expect(node.pod("web")?.status?.phase).toBe("Pending");
    expect(node.events()).toContain(`FailedMount: MountVolume.SetUp failed for volume "s" : secret "late" not found`);
    node.api.put("/api/v1/namespaces/default/secrets/late", {
      metadata: { name: "late", namespace: "default" },
      data: { key: "aGk=" },
    } as object);
    await node.clock.advance("1s");
    const mount = await mountOf(node, "/v");
    expect(await text(node, `${mount?.hostPath}/key`)).toBe("hi");
    expect(mount?.readonly).toBe(true);
    expect(await node.mounter.isMountPoint(mount!.hostPath)).toBe(true);
  });

  it("of the downward API follow labels", async () => {
    const node = new TestNode();
    await node.start();
    const path = await runWith(node, {
      name: "d",
      downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] },
    });
    expect(await text(node, `${path}/labels`)).toBe('app="web"');
    const pod = node.pod("web");
    node.api.put("/api/v1/namespaces/default/pods/web", { ...pod, metadata: { ...pod?.metadata, labels: { app: "web", tier: "front" } } });
    await node.clock.advance("1s");
    expect(await text(node, `${path}/labels`)).toBe('app="web"\ntier="front"');
  });

  it("renew service account tokens at four fifths of their life", async () => {
    const node = new TestNode();
    let tokens = 0;
    node.api.intercept = ({ path }) =>
      path.endsWith("/serviceaccounts/default/token")
        ? { status: { token: `token-${++tokens}`, expirationTimestamp: new Date(node.clock.now() + 3_600_000).toISOString() } }
        : undefined;
    await node.start();
    const path = await runWith(node, {
      name: "t",
      projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }] },
    });
    expect(await text(node, `${path}/token`)).toBe("token-1");
    await node.clock.advance("47m");
    expect(await text(node, `${path}/token`)).toBe("token-1");
    await node.clock.advance("2m");
    expect(await text(node, `${path}/token`)).toBe("token-2");
    expect(tokens).toBe(2);
  });

  it("that are empty belong to the Pod's group and go with the Pod", async () => {
    const node = new TestNode();
    await node.start();
    const path = await runWith(
      node,
      { name: "e", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } },
      {},
      { securityContext: { fsGroup: 2000 } },
    );
    expect(await node.fileSystem.stat(path)).toMatchObject({ gid: 2000, mode: 0o2777 });
    expect(await node.mounter.list()).toMatchObject([{ type: "tmpfs", path, options: ["size=67108864", "mode=0777"] }]);
    node.delete("web", 0);
    await node.clock.advance("5s");
    expect(await node.mounter.list()).toEqual([]);
    expect(await node.fileSystem.readDirectory(ROOT)).toEqual([]);
  });

  it.each([
    { type: "Directory", path: "/missing", message: "hostPath type check failed: /missing is not a directory" },
    { type: "File", path: "/etc", message: "hostPath type check failed: /etc is not a file" },
  ])("of the host are refused when they are not a $type", async ({ type, path, message }) => {
    const node = new TestNode();
    await node.fileSystem.makeDirectory("/etc");
    await node.start();
    await node.run("web", {
      containers: [{ name: "main", image: "a:1", volumeMounts: [{ name: "h", mountPath: "/v" }] }],
      volumes: [{ name: "h", hostPath: { path, type } }],
    });
    expect(node.events()).toContain(`FailedMount: MountVolume.SetUp failed for volume "h" : ${message}`);
  });

  it("show only a subpath, and never one that leads out", async () => {
    const node = new TestNode();
    await node.fileSystem.makeDirectory("/data/sub");
    await node.fileSystem.makeDirectory("/secrets");
    await node.fileSystem.symlink("/secrets", "/data/escape");
    await node.start();
    const path = await runWith(node, { name: "h", hostPath: { path: "/data" } }, { subPathExpr: "sub/$(POD)" }, {});
    expect(path).toBe("");
    expect(node.pod("web")?.status?.containerStatuses?.[0]?.state?.waiting).toMatchObject({
      reason: "CreateContainerConfigError",
      message: 'missing value for "POD"',
    });
    const containers = [{ name: "main", image: "a:1", volumeMounts: [{ name: "h", mountPath: "/v", subPath: "escape" }] }];
    await node.run("bad", { containers, volumes: [{ name: "h", hostPath: { path: "/data" } }] });
    expect(node.pod("bad")?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("CreateContainerConfigError");
  });

  it("of a bound claim lead to its persistent volume", async () => {
    const node = new TestNode();
    node.api.put("/api/v1/namespaces/default/persistentvolumeclaims/data", {
      metadata: { name: "data", namespace: "default", uid: "claim-1" },
      spec: { volumeName: "pv-1" },
      status: { phase: "Bound" },
    } as object);
    node.api.put("/api/v1/persistentvolumes/pv-1", {
      metadata: { name: "pv-1" },
      spec: { hostPath: { path: "/srv/pv-1", type: "DirectoryOrCreate" }, claimRef: { uid: "claim-1" } },
    } as object);
    await node.start();
    expect(await runWith(node, { name: "p", persistentVolumeClaim: { claimName: "data" } })).toBe("/srv/pv-1");
  });

  it("are evicted with their Pod when they hold more than they may", async () => {
    const node = new TestNode();
    await node.start();
    const path = await runWith(node, { name: "e", emptyDir: { sizeLimit: "1Ki" } });
    await node.fileSystem.writeFile(`${path}/log`, new Uint8Array(1024));
    await node.clock.advance("30s");
    expect(node.pod("web")?.status?.phase).toBe("Running");
    await node.fileSystem.writeFile(`${path}/more`, new Uint8Array(1024));
    await node.clock.advance("30s");
    const message = 'Usage of EmptyDir volume "e" exceeds the limit "1Ki". ';
    expect(node.pod("web")?.status).toMatchObject({ phase: "Failed", reason: "Evicted", message });
    expect(node.events()).toContain(`Evicted: ${message}`);
  });
});

describe("claims", () => {
  const claimed = { name: "p", persistentVolumeClaim: { claimName: "data" } };
  const bind = (node: TestNode, spec: object, claim: object = {}): void => {
    node.api.put("/api/v1/namespaces/default/persistentvolumeclaims/data", {
      metadata: { name: "data", namespace: "default", uid: "claim-1", ...claim },
      spec: { volumeName: "pv-1" },
      status: { phase: "Bound" },
    } as object);
    node.api.put("/api/v1/persistentvolumes/pv-1", {
      metadata: { name: "pv-1" },
      spec: { claimRef: { uid: "claim-1" }, ...spec },
    } as object);
  };
  const waiting = (node: TestNode) => node.pod("web")?.status?.containerStatuses?.[0]?.state?.waiting;

  it("that are not bound hold the Pod up, until they are", async () => {
    const node = new TestNode();
    await node.start();
    await runWith(node, claimed);
    expect(node.events()).toEqual([
      'FailedMount: Unable to attach or mount volumes: unmounted volumes=[p], unattached volumes=[], failed to process volumes=[p]: error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
    ]);
    bind(node, { hostPath: { path: "/srv" } });
    await node.clock.advance("5s");
    expect(node.pod("web")?.status?.phase).toBe("Running");
  });

  it("of a local volume need its directory, give it to the Pod's group, and once there are asked for no more", async () => {
    const node = new TestNode();
    bind(node, { local: { path: "/disks/1" } });
    await node.start();
    await runWith(node, claimed, {}, { securityContext: { fsGroup: 2000 } });
    expect(node.events()).toContain(
      'FailedMount: MountVolume.NewMounter initialization failed for volume "pv-1" : path "/disks/1" does not exist',
    );
    await node.fileSystem.makeDirectory("/disks/1", 0o755);
    await node.clock.advance("10s");
    expect((await mountOf(node, "/v"))?.hostPath).toBe("/disks/1");
    expect(await node.fileSystem.stat("/disks/1")).toMatchObject({ gid: 2000, mode: 0o2775 });

    // The claim is deleted while the Pod uses it: its containers go on, and start again.
    bind(node, { local: { path: "/disks/1" } }, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    const [container] = await node.runtime.listContainers();
    await node.runtime.stopContainer(container?.id ?? "", 0);
    await node.clock.advance("1m");
    expect(node.pod("web")?.status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 1 });
  });

  it("of a block device give the device, and only as a device", async () => {
    const node = new TestNode();
    bind(node, { local: { path: "/dev/disk" }, volumeMode: "Block" });
    const stat = node.fileSystem.stat.bind(node.fileSystem);
    node.fileSystem.stat = async (path) => {
      const status = await stat(path);
      return status && path === "/dev/disk" ? { ...status, type: "blockDevice" } : status;
    };
    await node.fileSystem.makeDirectory("/dev");
    await node.fileSystem.writeFile("/dev/disk", new Uint8Array());
    await node.start();
    const container = { name: "main", image: "example.com/app:1" };
    await node.run("web", { volumes: [claimed], containers: [{ ...container, volumeMounts: [{ name: "p", mountPath: "/v" }] }] });
    expect(waiting(node)?.message).toBe("volume p has volumeMode Block, but is specified in volumeMounts");
    await node.run("raw", { volumes: [claimed], containers: [{ ...container, volumeDevices: [{ name: "p", devicePath: "/dev/xvda" }] }] });
    const [running] = await node.runtime.listContainers();
    expect(node.runtime.configOf(running?.id ?? "")?.devices).toEqual([
      { containerPath: "/dev/xvda", hostPath: "/dev/disk", permissions: "mrw" },
    ]);
  });

  it("of an image are pulled for the container that mounts them, and can only be read", async () => {
    const node = new TestNode({ images: [{ image: "example.com/data:2", present: false }] });
    await node.start();
    await runWith(node, { name: "i", image: { reference: "example.com/data:2", pullPolicy: "IfNotPresent" } });
    await node.clock.advance("10s");
    const mount = await mountOf(node, "/v");
    expect(mount?.readonly).toBe(true);
    expect(await node.mounter.list()).toContainEqual(expect.objectContaining({ device: "example.com/data:2", path: mount?.hostPath }));
    expect(node.events()).toContain('Pulling: Pulling image "example.com/data:2"');
    node.delete("web", 0);
    await node.clock.advance("10s");
    expect(await node.mounter.isMountPoint(mount!.hostPath)).toBe(false);
  });

  it("of an image that cannot be had keep the container waiting", async () => {
    const node = new TestNode({ images: [{ image: "example.com/data:2", present: false }] });
    await node.start();
    await runWith(node, { name: "i", image: { reference: "example.com/data:2", pullPolicy: "Never" } });
    await node.clock.advance("1s");
    expect(node.pod("web")?.status?.containerStatuses?.[0]?.state?.waiting).toMatchObject({
      reason: "ErrImageNeverPull",
      message: 'Container image "example.com/data:2" is not present with pull policy of Never',
    });
  });
});
