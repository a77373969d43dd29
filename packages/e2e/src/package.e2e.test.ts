import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectls, run, succeeded, type CommandResult } from "./test-cluster.ts";

const PACKAGE = fileURLToPath(new URL("../../skiff", import.meta.url));
const COMPILER = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));

/** What a user writes: two clusters at a time, one of them used by a program in another language. */
const CONSUMER = `import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { deploymentKind, podKind, type Deployment } from "skiff";
import { Client, HttpsTransport } from "skiff/client";
import { startCluster, type TestCluster } from "skiff/testing";

const web: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx" }] } },
  },
};

const running = async (cluster: TestCluster): Promise<number> =>
  (await cluster.client.resource(podKind).list({ namespace: "default" })).items.filter((pod) => pod.status?.phase === "Running").length;

await using first = await startCluster({ nodes: 2 });
await using second = await startCluster();
await first.client.resource(deploymentKind).create(web);
await first.clock.advance("1m");
const counts: number[] = [await running(first), await running(second)];

const [kubectl = "kubectl"] = process.argv.slice(2);
writeFileSync("kubeconfig", await second.kubeconfig());
const answer = spawnAside(kubectl, ["--kubeconfig", "kubeconfig", "create", "configmap", "from-outside"]);
console.log(JSON.stringify({ counts, answer: await answer, types: [typeof Client, typeof HttpsTransport] }));

/** Not in the way of the cluster, which lives in this very process. */
function spawnAside(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args);
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    child.stderr.on("data", (chunk) => (output += String(chunk)));
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}
`;

/** Must not compile: what is wrong with it is what types are for. */
const MISTAKE = `import type { Deployment } from "skiff";
const wrong: Deployment = { apiVersion: "apps/v1", kind: "Deployment", spec: { replicas: "three" } };
`;

const COMPILER_OPTIONS = {
  target: "ES2023",
  lib: ["ES2024", "ESNext.Disposable"],
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  // The declarations themselves are checked too.
  skipLibCheck: false,
  types: ["node"],
};

const [kubectl] = kubectls();

describe("the published package, in a project of its own", () => {
  let project: string;
  const inProject = (program: string, args: readonly string[]): Promise<CommandResult> =>
    run(program, args, { directory: project, timeoutMs: 110_000 });
  const succeed = async (program: string, args: readonly string[]): Promise<string> =>
    succeeded(`${program} ${args.join(" ")}`, await inProject(program, args));

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "skiff-consumer-"));
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["consumer.ts"] }));
    await writeFile(join(project, "consumer.ts"), CONSUMER);
    await succeed("npm", ["pack", PACKAGE, "--pack-destination", project]);
    const archive = (await readdir(project)).find((file) => file.endsWith(".tgz"));
    await succeed("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${archive}`]);
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  it("brings nothing along but what it needs to run", async () => {
    const manifest = JSON.parse(await readFile(join(project, "node_modules/skiff/package.json"), "utf8")) as { dependencies: object };
    expect(Object.keys(manifest.dependencies)).toEqual(["@types/node", "lmdb"]);
    expect(await readdir(join(project, "node_modules/skiff"))).toEqual(["LICENSE", "README.md", "bin", "dist", "package.json"]);
    expect(await succeed("npx", ["--no-install", "skiff", "version"])).toMatch(/^skiff \d+\.\d+\.\d+ \(Kubernetes v1\.36, /);
    expect(await succeed("npx", ["--no-install", "skiff", "kubectl", "get", "--help"])).toMatch(/^Display one or many resources/);
  });

  it("has types that a strict compiler takes, and that find mistakes", async () => {
    expect(await succeed(COMPILER, ["-p", "."])).toBe("");
    await writeFile(join(project, "mistake.ts"), MISTAKE);
    const { code, stdout } = await inProject(COMPILER, [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "mistake.ts",
      "--ignoreConfig",
    ]);
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/mistake\.ts\(2,\d+\): error TS2322: Type 'string' is not assignable to type 'number/);
  });

  it.skipIf(kubectl === undefined)("runs clusters side by side, also for real kubectl, and lets the process end by itself", async () => {
    const output = await succeed(process.execPath, ["consumer.js", kubectl ?? ""]);
    expect(JSON.parse(output)).toEqual({ counts: [3, 0], answer: "configmap/from-outside created\n", types: ["function", "function"] });
  });
});
