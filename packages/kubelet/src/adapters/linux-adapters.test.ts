import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testHost } from "@skiff/base/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtomically } from "../volumes/atomic-writer.ts";
import { cpuWeight } from "./linux-cgroups.ts";
import { linuxMounter, parseMountInfo } from "./linux-mounter.ts";
import { linuxNodeFacts } from "./linux-node-facts.ts";
import { nodeKubeletFileSystem } from "./node-file-system.ts";
import { nodeProbeTransport } from "./node-probe-transport.ts";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "kubelet-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Mounts need more rights than tests have on most machines. */
async function canMount(): Promise<boolean> {
  const target = mkdtempSync(join(tmpdir(), "kubelet-mount-"));
  try {
    await linuxMounter.mount({ source: "tmpfs", target, type: "tmpfs", options: [] });
    await linuxMounter.unmount(target);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

describe("the node's files", () => {
  it("hold an atomic volume through an update", async () => {
    const host = testHost();
    const write = (files: Record<string, string>): Promise<boolean> =>
      writeAtomically(
        nodeKubeletFileSystem,
        host,
        directory,
        new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }])),
        undefined,
      );
    expect(await write({ a: "1", "dir/b": "2" })).toBe(true);
    expect(await write({ a: "1", "dir/b": "2" })).toBe(false);
    expect(statSync(join(directory, "a")).mode & 0o777).toBe(0o640);
    expect(await write({ a: "3" })).toBe(true);
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("3");
    expect((await nodeKubeletFileSystem.readDirectory(directory)).filter((name) => !name.startsWith("..")).join()).toBe("a");
  });

  it("are removed as a tree, links not followed", async () => {
    mkdirSync(join(directory, "tree/deep"), { recursive: true });
    writeFileSync(join(directory, "kept"), "x");
    symlinkSync(join(directory, "kept"), join(directory, "tree/deep/link"));
    await nodeKubeletFileSystem.removeTree(join(directory, "tree"));
    expect(await nodeKubeletFileSystem.readDirectory(directory)).toEqual(["kept"]);
  });
});

describe("mounts", async () => {
  const allowed = await canMount();

  it("are read from mountinfo with their escapes", () => {
    const text = "36 35 98:0 / /mnt/with\\040space rw,noatime shared:1 - ext4 /dev/root rw\n";
    expect(parseMountInfo(text)).toEqual([{ device: "/dev/root", path: "/mnt/with space", type: "ext4", options: ["rw", "noatime"] }]);
  });

  it.skipIf(!allowed)("show a subpath of a volume, made if need be", async () => {
    const target = join(directory, "target");
    await linuxMounter.bindSubPath({ volumePath: directory, subPath: "a/b", target });
    writeFileSync(join(directory, "a/b/file"), "x");
    expect(readFileSync(join(target, "file"), "utf8")).toBe("x");
    await linuxMounter.unmount(target);
    expect(await linuxMounter.isMountPoint(target)).toBe(false);
  });

  it.skipIf(!allowed)("keep what is mounted from being removed with the tree", async () => {
    const target = join(directory, "pod/volume");
    mkdirSync(target, { recursive: true });
    await linuxMounter.mount({ source: "tmpfs", target, type: "tmpfs", options: [] });
    try {
      await expect(nodeKubeletFileSystem.removeTree(join(directory, "pod"))).rejects.toMatchObject({ code: "EBUSY" });
    } finally {
      await linuxMounter.unmount(target);
    }
  });

  it("never show what lies outside the volume", async () => {
    const volumePath = join(directory, "volume");
    mkdirSync(volumePath);
    mkdirSync(join(directory, "outside"));
    symlinkSync("../outside", join(volumePath, "escape"));
    const target = join(directory, "target");
    await expect(linuxMounter.bindSubPath({ volumePath, subPath: "escape", target })).rejects.toThrow("not within the volume");
    await expect(linuxMounter.bindSubPath({ volumePath, subPath: "escape/new", target })).rejects.toThrow("not within the volume");
    expect(await nodeKubeletFileSystem.readDirectory(join(directory, "outside"))).toEqual([]);
  });
});

describe("facts and numbers", () => {
  it("about this machine make sense", async () => {
    const facts = linuxNodeFacts("/var/lib/there-is-no-such-directory");
    const [machine, usage] = await Promise.all([facts.machine(), facts.usage()]);
    expect(machine.cpuCount).toBeGreaterThan(0);
    expect(machine.memoryBytes).toBeGreaterThan(2 ** 26);
    expect(usage.memoryAvailableBytes).toBeGreaterThan(0);
    expect(usage.fsCapacityBytes).toBeGreaterThanOrEqual(usage.fsAvailableBytes);
  });

  it.each([
    [2, 1],
    [1024, 39],
    [262_144, 10_000],
  ])("turn %i shares into weight %i", (shares, weight) => expect(cpuWeight(shares)).toBe(weight));
});

describe("probes over the network", () => {
  it("judge HTTP answers by their status", async () => {
    const server = http.createServer((request, response) =>
      response.writeHead(request.url === "/bad" ? 500 : 302, { location: "/x" }).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const get = (path: string): ReturnType<typeof nodeProbeTransport.httpGet> =>
      nodeProbeTransport.httpGet({ scheme: "http", host: "127.0.0.1", port, path, headers: [], timeoutMs: 1000 });
    expect(await get("/")).toEqual({ result: "success", message: "" });
    expect(await get("/bad")).toEqual({ result: "failure", message: "HTTP probe failed with statuscode: 500" });
    expect(await nodeProbeTransport.tcpConnect("127.0.0.1", port, 1000)).toMatchObject({ result: "success" });
    await new Promise((resolve) => server.close(resolve));
    expect(await get("/")).toEqual({
      result: "failure",
      message: `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  it("speak gRPC health checks", async () => {
    const server = http2.createServer();
    server.on("stream", (stream) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const service = Buffer.concat(chunks).subarray(7).toString("utf8");
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.on("error", () => {});
        if (service === "endless") stream.write(Buffer.alloc(1024 * 1024));
        else stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, service === "good" ? 1 : 2]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await nodeProbeTransport.grpcHealth("127.0.0.1", port, "good", 1000)).toEqual({ result: "success", message: "" });
    expect(await nodeProbeTransport.grpcHealth("127.0.0.1", port, "other", 1000)).toEqual({
      result: "failure",
      message: 'service unhealthy (responded with "NOT_SERVING")',
    });
    expect(await nodeProbeTransport.grpcHealth("127.0.0.1", port, "endless", 1000)).toEqual({
      result: "failure",
      message: "health rpc failed: the answer is longer than 10240 bytes",
    });
    await new Promise((resolve) => server.close(resolve));
  });
});
