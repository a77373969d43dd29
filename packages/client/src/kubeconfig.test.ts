import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, systemRandom } from "@skiff/base";
import { KubeconfigError, kubeconfigPaths, loadKubeconfig, mergeIntoKubeconfig, removeFromKubeconfig } from "./kubeconfig.ts";
import { transportOptions } from "./kubeconfig-transport.ts";
import { nodeFileSystem } from "./node-file-system.ts";

const files = nodeFileSystem(systemClock, systemRandom);
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterEach(() => rm(directory, { recursive: true }));

const path = (name: string): string => join(directory, name);
const entry = (name: string, token = "secret") => ({ name, cluster: { server: `https://${name}` }, user: { token } });
const ports = { files, clock: systemClock, run: () => Promise.reject(new Error("no programs here")) };

describe("where it is", () => {
  it.each([
    ["the flag", { KUBECONFIG: "/a" }, "/flag", ["/flag"]],
    ["the list of the environment, each once", { KUBECONFIG: "/a:/b::/a" }, undefined, ["/a", "/b"]],
    ["the home directory", {}, undefined, ["/home/me/.kube/config"]],
  ])("%s", (_name, env, flag, expected) => {
    expect(kubeconfigPaths(env, "/home/me", flag)).toEqual(expected);
  });
});

describe("merging", () => {
  it("makes the file for its owner only, and makes the context current", async () => {
    await mergeIntoKubeconfig(files, path("deep/config"), { ...entry("skiff"), namespace: "team" });
    expect((await stat(path("deep/config"))).mode & 0o777).toBe(0o600);
    const config = await loadKubeconfig(files, [path("deep/config")]);
    expect(config.currentContext).toBe("skiff");
    expect(await transportOptions(config, ports)).toMatchObject({ server: "https://skiff", token: "secret", namespace: "team" });
  });

  it("keeps what others wrote, fields that nobody knows included, and leaves no temporary files", async () => {
    await writeFile(
      path("config"),
      "apiVersion: v1\nkind: Config\ncurrent-context: mine\nx-vendor: keep\nclusters:\n- name: mine\n  cluster: {server: 'https://mine', odd: 1}\n",
      { mode: 0o640 },
    );
    await mergeIntoKubeconfig(files, path("config"), entry("skiff"), { makeCurrent: false });
    await mergeIntoKubeconfig(files, path("config"), entry("skiff", "newer"), { makeCurrent: false });
    const text = (await files.read(path("config"))) ?? "";
    expect(text).toContain("x-vendor: keep");
    expect(text).toContain("odd: 1");
    const config = await loadKubeconfig(files, [path("config")]);
    expect(config.currentContext).toBe("mine");
    expect([...config.clusters.keys()]).toEqual(["mine", "skiff"]);
    expect(config.users.get("skiff")?.token).toBe("newer");
    expect((await stat(path("config"))).mode & 0o777).toBe(0o640);
    await removeFromKubeconfig(files, path("config"), "skiff");
    expect([...(await loadKubeconfig(files, [path("config")])).contexts.keys()]).toEqual([]);
    expect(await readdir(directory)).toEqual(["config"]);
  });

  it("loses nothing when many write at the same time", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `c${index}`);
    await Promise.all(names.map((name) => mergeIntoKubeconfig(files, path("config"), entry(name))));
    expect([...(await loadKubeconfig(files, [path("config")])).contexts.keys()].sort()).toEqual(names);
  });
});

describe("reading several files", () => {
  it("prefers the first that has a name, and resolves paths from each file's own directory", async () => {
    await writeFile(path("ca.crt"), "CA");
    await writeFile(path("first"), "users:\n- name: u\n  user: {token: one}\n");
    await writeFile(
      path("second"),
      "current-context: c\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\nclusters:\n- {name: k, cluster: {server: 'https://k', certificate-authority: ca.crt}}\nusers:\n- name: u\n  user: {token: two}\n",
    );
    const config = await loadKubeconfig(files, [path("first"), path("missing"), path("second")]);
    expect(await transportOptions(config, ports)).toMatchObject({ token: "one", certificateAuthority: "CA", namespace: "default" });
  });

  it.each([
    ["a context that is not there", "current-context: gone\n", 'context "gone" does not exist'],
    ["nothing current", "kind: Config\n", "no current context is set"],
    ["something else than a kubeconfig", "kind: Pod\n", "is not a kubeconfig"],
    ["broken YAML", "clusters: [\n", "is not YAML"],
  ])("says what is wrong with %s", async (_name, text, message) => {
    await writeFile(path("config"), text);
    const attempt = loadKubeconfig(files, [path("config")]).then((config) => transportOptions(config, ports));
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(KubeconfigError);
  });
});
