import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OciImageConfig } from "@skiff/cri";
import { build } from "esbuild";
import { writeImageArchive } from "./image-cache.ts";
import { NodeImageBuilder } from "./node-image.ts";

/** An image of programs for Node.js that need nothing but what is bundled with them. */
interface ProgramImageRecipe {
  /** Of the archive in the cache. */
  readonly name: string;
  readonly references: readonly string[];
  /** The programs' sources; each becomes `/app/NAME.js`, and `main` is the one that is started. */
  readonly entryPoints: readonly string[];
  readonly exposedPorts?: OciImageConfig["exposedPorts"];
}

/** Bundles the programs and builds their image without Docker, for a user that is not root; answers its archive. */
export async function buildProgramArchive({ name, references, entryPoints, exposedPorts }: ProgramImageRecipe): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  try {
    await build({
      entryPoints: [...entryPoints],
      outdir: folder,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      logLevel: "warning",
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    const image = new NodeImageBuilder().build({
      references,
      folders: { "/app": folder },
      config: {
        entrypoint: ["/usr/local/bin/node", "/app/main.js"],
        user: "10001:10001",
        workingDir: "/app",
        ...(exposedPorts === undefined ? {} : { exposedPorts }),
      },
    });
    return await writeImageArchive(name, [image]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
