import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolsDirectory } from "@skiff/e2e";
import { fileURLToPath } from "node:url";

/** The repository. */
export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** The version of Kubernetes whose tests are run; `scripts/build-tools.ts` builds the programs from the same one. */
const UPSTREAM = "k8s.io/kubernetes@v1.36.3";

const NAMES = ["e2e.test", "ginkgo", "kubectl", "agnhost", "nnp", "sample-apiserver", "etcd"] as const;

/** The programs of a run, by name: paths. */
export type Tools = Readonly<Record<(typeof NAMES)[number], string>>;

/**
 * Finds the programs where `scripts/build-tools.ts` puts them, and has it build those that are missing: half an hour and
 * more the first time.
 *
 * Errors: rejects when they cannot be built.
 */
export async function requireTools(): Promise<Tools> {
  const bin = toolsDirectory();
  const missing = NAMES.filter((name) => !existsSync(join(bin, name)));
  if (missing.length > 0) {
    await runVisibly(process.execPath, ["--import", "tsx", join(REPOSITORY, "scripts/build-tools.ts"), ...missing], REPOSITORY);
  }
  return Object.fromEntries(NAMES.map((name) => [name, join(bin, name)])) as Tools;
}

/** The folder of upstream's source, which Go has or fetches. */
export function upstreamSource(): string {
  const answer = execFileSync("go", ["mod", "download", "-json", UPSTREAM], { cwd: tmpdir(), encoding: "utf8" });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** Runs a program with its output on ours. Errors: rejects when it does not end with 0. */
export function runVisibly(path: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { cwd, stdio: ["ignore", 2, "inherit"] });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`${path} ${args[0] ?? ""} ended with ${code}`))));
  });
}
