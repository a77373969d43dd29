import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The program of the YAML thread, bundled as the package's build does it. */
export interface YamlWorkerProgram {
  readonly program: URL;
  /** Removes it. */
  remove(): void;
}

/** Node cannot run TypeScript in a thread: tests that want one bundle its program first. */
export async function buildYamlWorker(): Promise<YamlWorkerProgram> {
  const directory = mkdtempSync(join(tmpdir(), "skiff-yaml-"));
  const entry = fileURLToPath(new URL("../ports/node-yaml-worker.ts", import.meta.url));
  const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  const outfile = join(directory, "worker.mjs");
  await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", platform: "node", banner: { js: banner } });
  return { program: pathToFileURL(outfile), remove: () => rmSync(directory, { recursive: true }) };
}
