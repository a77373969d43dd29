import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

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
  const bin = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "skiff", "tools", "bin");
  const missing = NAMES.filter((name) => !existsSync(join(bin, name)));
  if (missing.length > 0) {
    await runVisibly(process.execPath, ["--import", "tsx", join(REPOSITORY, "scripts/build-tools.ts"), ...missing], REPOSITORY);
  }
  return Object.fromEntries(NAMES.map((name) => [name, join(bin, name)])) as Tools;
}

/** Runs a program with its output on ours. Errors: rejects when it does not end with 0. */
export function runVisibly(path: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { cwd, stdio: ["ignore", 2, "inherit"] });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`${path} ${args[0] ?? ""} ended with ${code}`))));
  });
}
