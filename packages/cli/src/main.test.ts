import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemRandom } from "@skiff/base";
import { StateHome, type ClusterConfig } from "@skiff/cluster";
import { startCluster } from "@skiff/cluster/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runSkiff } from "./main.ts";

const TOKEN = "abcdef.0123456789abcdef";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "skiff-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function skiff(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runSkiff(args, {
    host: { clock: systemClock, random: systemRandom, log: silentLogger },
    terminal: { out: (text) => (out += text), err: (text) => (err += text), interactive: false },
    home: new StateHome({ isRoot: false, home: folder, xdgDataHome: undefined, xdgRuntimeDir: undefined }),
    version: "0.0.0-test",
    program: ["false"],
  });
  return { code, out, err };
}

/** `up` as it is asked for in these tests: nothing of the machine is touched. */
function up(...args: string[]): ReturnType<typeof skiff> {
  return skiff("up", "--runtime", "simulated", "--kubeconfig", join(folder, "kubeconfig"), "--wait", "1s", ...args);
}

describe("wrong usage ends with 2 and says what is right", () => {
  it.each([
    [["up", "--nodez", "3"], "unknown option '--nodez'"],
    [["up", "--nodes", "none"], "Use a whole number from 1 on."],
    [["up", "--name", "Not_A_Name"], "lower-case letters"],
    [["up", "--runtime", "docker"], "Use auto, containerd or simulated."],
    [["up", "--store", "etcd=nowhere"], "etcd=https://HOST:2379"],
    [["up", "--api-port", "70000"], "from 1 to 65535"],
    [["up", "--load-balancer-pool", "10.172.0.5/24"], "10.172.0.0/24"],
    [["up", "--load-balancer-pool", "10.0.0.0/8"], "from /16 to /32"],
    [["up", "--wait", "soon"], "90s or 5m"],
    [["up", "--advertise-address", "::1"], "192.168.1.10"],
    [["token", "create", "short"], "abcdef.0123456789abcdef"],
    [["token", "create", "--ttl", "-1h"], "a duration such as 24h"],
    [["token", "delete", "abc"], "abcdef.0123456789abcdef"],
    [["join", "192.0.2.1:6443"], "required option '--token <token>'"],
    [["join", "192.0.2.1", "--token", TOKEN], "HOST:PORT"],
    [["join", "192.0.2.1:70000", "--token", TOKEN], "HOST:PORT"],
    [["join", "192.0.2.1:6443", "--token", "short"], "abcdef.0123456789abcdef"],
    [["join", "192.0.2.1:6443", "--token", TOKEN, "--discovery-token-ca-cert-hash", "sha256:0"], "64 hexadecimal digits"],
    [["frobnicate"], "unknown command 'frobnicate'"],
    [["dashboard", "--port", "http"], "from 1 to 65535"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish"],
  ])("%j", async (args, expected) => {
    const { code, err } = await skiff(...args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });
});

describe("failures end with 1 and name the next step", () => {
  it("a cluster that is not there", async () => {
    for (const command of ["status", "down", "logs", "delete"]) {
      const { code, err } = await skiff(command, "--name", "nobody");
      expect(code).toBe(1);
      expect(err).toBe("There is no cluster named nobody.\nStart one with: skiff up\n");
    }
  });

  it("a cluster that does not run", async () => {
    await up();
    const { code, err } = await skiff("token", "list");
    expect(code).toBe(1);
    expect(err).toBe("Cluster skiff does not run.\nStart it with: skiff up --name skiff\n");
  });

  it("a dashboard of a context that is not there, or of a server that does not answer", async () => {
    const kubeconfig = join(folder, "kubeconfig");
    const nothing = await skiff("dashboard", "--name", "test", "--kubeconfig", kubeconfig);
    expect(nothing).toMatchObject({
      code: 1,
      err: `There is no context skiff-test in ${kubeconfig}.\nStart the cluster with: skiff up --name test\n`,
    });
    const config = {
      "current-context": "other",
      clusters: [{ name: "other", cluster: { server: "http://127.0.0.1:1" } }],
      contexts: [{ name: "other", context: { cluster: "other" } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    expect((await skiff("dashboard", "--kubeconfig", kubeconfig)).err).toContain("Choose one with --context: other. Or start");
    const silent = await skiff("dashboard", "--context", "other", "--kubeconfig", kubeconfig);
    expect(silent.code).toBe(1);
    expect(silent.err).toMatch(/^The API server of context other \(http:\/\/127\.0\.0\.1:1\) does not answer: .*\nLook at the context/);
  });

  it("an address that the machine does not have", async () => {
    const { code, err } = await up("--advertise-address", "192.0.2.77");
    expect(code).toBe(1);
    expect(err).toMatch(/This machine has no address 192\.0\.2\.77\.\nIt has: 127\.0\.0\.1/);
  });

  it("but the address towards other machines may change while the cluster is stopped", async () => {
    await up();
    const addressOf = (): unknown =>
      (JSON.parse(readFileSync(join(folder, ".local/share/skiff/skiff/cluster.json"), "utf8")) as ClusterConfig).address;
    expect(addressOf()).toBeUndefined();
    await up("--advertise-address", "127.0.0.1");
    expect(addressOf()).toBe("127.0.0.1");
    await up();
    expect(addressOf()).toBe("127.0.0.1");
  });

  it("a port that is taken", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => server.listen(0, () => resolve((server.address() as { port: number }).port)));
    const { code, err } = await up("--api-port", String(port));
    server.close();
    expect(code).toBe(1);
    expect(err).toContain(`Port ${port} is in use by another program.\nChoose another one with --api-port`);
  });

  it.each([
    ["a damaged description", "{ half", "is damaged.\nPut the file back from a copy, or remove the cluster with: skiff delete"],
    ["a description of something else", '"text"', "is damaged."],
    ["a description with a hole in it", '{"layoutVersion": 1, "name": "skiff", "nodes": [], "network": {}, "store": {}}', "is damaged."],
    [
      "data of an older Skiff",
      '{"layoutVersion": 0}',
      "was written by an older Skiff (layout 0; this one reads 1 and later).\nUse that Skiff",
    ],
    ["data of a newer Skiff", '{"layoutVersion": 99}', "was written by a newer Skiff (layout 99; this one knows 1).\nUse that Skiff"],
  ])("%s", async (_what, content, expected) => {
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(join(data, "cluster.json"), content);
    const { code, err } = await up("--data-dir", data);
    expect(code).toBe(1);
    expect(err).toContain(expected);
  });

  it("a data directory that holds something else", async () => {
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(join(data, "thesis.txt"), "precious");
    const { code, err } = await up("--data-dir", data);
    expect(code).toBe(1);
    expect(err).toContain("is not empty and holds no Skiff cluster.\nChoose an empty directory with --data-dir.");
  });

  it("a server that ends at once, and the cluster can be removed", async () => {
    const { code, err } = await up();
    expect(code).toBe(1);
    expect(err).toMatch(/The API server ended at once: .*\nIts log is .*server\.log/);
    const removed = await skiff("delete", "--kubeconfig", join(folder, "kubeconfig"));
    expect(removed.code).toBe(0);
    expect((await skiff("status")).code).toBe(1);
  });

  it("too many nodes", async () => {
    const { code, err } = await up("--nodes", "20000");
    expect(code).toBe(1);
    expect(err).toContain("20000 nodes are too many: Skiff simulates at most 10000.");
  });
});

it("makes, lists and deletes tokens of a cluster", async () => {
  // The server of this one never comes up; another takes its place.
  await up();
  await using cluster = await startCluster({ nodes: 0, time: "system" });
  writeFileSync(join(folder, ".local/share/skiff/skiff/admin.kubeconfig"), await cluster.kubeconfig());
  const made = JSON.parse((await skiff("token", "create", TOKEN, "--ttl", "2h", "--description", "for the rack", "-o", "json")).out) as {
    expires: string;
  };
  expect(made).toEqual({
    token: TOKEN,
    description: "for the rack",
    expires: made.expires,
    usages: ["authentication", "signing"],
    groups: ["system:bootstrappers:kubeadm:default-node-token"],
  });
  expect((await skiff("token", "create", "--ttl", "0")).out).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
  const { out } = await skiff("token", "list");
  expect(out.split("\n")[0]).toMatch(/^TOKEN +TTL +EXPIRES +USAGES +DESCRIPTION +EXTRA GROUPS$/);
  expect(out).toMatch(new RegExp(`^${TOKEN} +(119m|2h) +${made.expires} +authentication,signing +for the rack +system:`, "m"));
  expect(out).toMatch(/ <forever> +<never> +authentication,signing +<none> /);
  expect(JSON.parse((await skiff("token", "list", "-o", "json")).out)).toHaveLength(2);
  const refused = await skiff("token", "create", "--print-join-command");
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("The nodes of the cluster are simulated")]);
  expect((await skiff("token", "delete", "abcdef")).out).toBe('bootstrap token "abcdef" deleted\n');
  expect(await skiff("token", "delete", TOKEN)).toMatchObject({
    code: 1,
    err: expect.stringContaining("no token with the id abcdef") as string,
  });
  expect(JSON.parse((await skiff("token", "list", "-o", "json")).out)).toHaveLength(1);
});

it("prints help with examples, and versions for scripts", async () => {
  expect((await skiff("up", "--help")).out).toContain("skiff up --name test --nodes 3");
  expect(JSON.parse((await skiff("version", "-o", "json")).out)).toMatchObject({ skiff: "0.0.0-test", kubernetes: "v1.36" });
  expect((await skiff("completion", "bash")).out).toContain("complete -o default -F _skiff skiff");
});
