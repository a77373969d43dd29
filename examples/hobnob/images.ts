import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeImageBuilder, writeImageArchive } from "@skiff/e2e";
import { build } from "esbuild";

const MAIN = fileURLToPath(new URL("./src/main.ts", import.meta.url));

/** Builds the image of the backend without Docker, and answers its archive for `skiff image load`. */
export async function buildHobnobImage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "hobnob-"));
  try {
    await build({
      entryPoints: [MAIN],
      outdir: folder,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      logLevel: "warning",
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    const image = new NodeImageBuilder().build({
      references: ["d4nyll/hobnob:0.1.0"],
      folders: { "/app": folder },
      config: {
        entrypoint: ["/usr/local/bin/node", "/app/main.js"],
        user: "10001:10001",
        workingDir: "/app",
        exposedPorts: ["8080/tcp", "8100/tcp"],
      },
    });
    return await writeImageArchive("hobnob", [image]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
