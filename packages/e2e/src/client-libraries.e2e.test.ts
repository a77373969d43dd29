import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheDirectory, toolsDirectory } from "./cache-directory.ts";
import { obstacle, run, succeeded, TestCluster } from "./test-cluster.ts";

const asked = process.env["SKIFF_CLIENTS"] === "1" ? undefined : "fetches clients of other projects; run it with npm run test:clients";
const why = asked ?? obstacle();
const INSTALL_MS = 300_000;
const CHART = "web";

const place = join(cacheDirectory(), "clients");
const helm = join(toolsDirectory(), "helm");

/** What every client's program is to have seen, whatever its language. */
const SEEN = {
  running: 2,
  log: "started\n",
  exec: ["Success", "hello\n"],
  pages: [1, 1, true],
  applied: "high",
  conflict: 409,
  stale: 409,
  missing: 404,
  scaled: 1,
  custom: [{ miles: 240 }],
};

/** A copy of a client's folder, where its libraries can be installed. */
function copyOf(client: string): string {
  const directory = join(place, client);
  mkdirSync(directory, { recursive: true });
  cpSync(fileURLToPath(new URL(`../clients/${client}`, import.meta.url)), directory, { recursive: true });
  return directory;
}

describe.skipIf(why !== undefined)(`clients that others wrote${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  const inDirectory = async (program: string, args: readonly string[], directory: string): Promise<string> => {
    const options = { directory, timeoutMs: INSTALL_MS, environment: { KUBECONFIG: cluster.kubeconfig } };
    return succeeded(`${program} ${args.join(" ")}`, await run(program, args, options));
  };

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-clients");
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("serves the official JavaScript client", { timeout: INSTALL_MS }, async () => {
    const directory = copyOf("javascript");
    await inDirectory("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], directory);
    expect(JSON.parse(await inDirectory(process.execPath, ["client.js"], directory))).toEqual(SEEN);
  });

  it("serves the official Python client", { timeout: INSTALL_MS }, async () => {
    const directory = copyOf("python");
    const python = join(directory, "environment", "bin", "python3");
    if (!existsSync(python)) await inDirectory("python3", ["-m", "venv", "environment"], directory);
    await inDirectory(python, ["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"], directory);
    expect(JSON.parse(await inDirectory(python, ["client.py"], directory))).toEqual(SEEN);
  });

  it("serves the official Go client", { timeout: INSTALL_MS }, async () => {
    const directory = copyOf("go");
    await inDirectory("go", ["build", "-o", "client", "."], directory);
    expect(JSON.parse(await inDirectory(join(directory, "client"), [], directory))).toEqual(SEEN);
  });

  it.skipIf(!existsSync(helm))("serves Helm: install, upgrade, rollback, uninstall", { timeout: INSTALL_MS }, async () => {
    const directory = copyOf("helm");
    const answer = (...args: readonly string[]): Promise<string> => inDirectory(helm, args, directory);
    await answer("install", "one", CHART, "--wait", "--timeout", "60s");
    const kubectl = cluster.kubectl();
    expect(await kubectl.ok("get deployment one -o jsonpath={.status.readyReplicas}")).toBe("1");
    await answer("upgrade", "one", CHART, "--set", "replicas=2", "--wait", "--timeout", "60s");
    expect(await kubectl.ok("get deployment one -o jsonpath={.status.readyReplicas}")).toBe("2");
    expect((await answer("get", "manifest", "one")).trim()).toContain("replicas: 2");
    await answer("rollback", "one", "1", "--wait", "--timeout", "60s");
    expect(await kubectl.ok("get deployment one -o jsonpath={.spec.replicas}")).toBe("1");
    const history = JSON.parse(await answer("history", "one", "--output", "json")) as { readonly status: string }[];
    expect(history.map(({ status }) => status)).toEqual(["superseded", "superseded", "deployed"]);
    expect(await answer("test", "one")).toMatch(/Phase: +Succeeded/);
    await answer("uninstall", "one", "--wait");
    expect(await kubectl.ok("get deployments,secrets -o name")).toBe("");
  });
});
