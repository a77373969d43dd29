import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeImageBuilder, writeImageArchive } from "@skiff/e2e";
import { build } from "esbuild";

const SOURCES = fileURLToPath(new URL("./src", import.meta.url));

/** Builds the image of the example without Docker, and answers its archive for `skiff image load`. */
export async function buildGoldPriceImage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "gold-price-"));
  try {
    await build({
      entryPoints: [join(SOURCES, "main.ts"), join(SOURCES, "rates-main.ts")],
      outdir: folder,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      logLevel: "warning",
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    const image = new NodeImageBuilder().build({
      references: ["reader/gold-price-to-mysql:latest"],
      folders: { "/app": folder },
      config: { entrypoint: ["/usr/local/bin/node", "/app/main.js"], user: "10001:10001", workingDir: "/app" },
    });
    return await writeImageArchive("gold-price", [image]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
