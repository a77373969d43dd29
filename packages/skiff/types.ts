import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown, type Plugin } from "rolldown";
import { dts } from "rolldown-plugin-dts";

/**
 * Writes the type declarations of the published package beside its modules: those of every part, bundled, so that users
 * need none of the parts. Runs when the package is packed, for nobody else reads them.
 */
const folder = fileURLToPath(new URL(".", import.meta.url));
const parts = join(folder, "..");
const doors = ["index", "testing", "client"];

const draft = mkdtempSync(join(folder, ".types-"));
try {
  emitDeclarations(draft);
  await bundle(draft, join(folder, "dist"));
} finally {
  rmSync(draft, { recursive: true });
}

/** One declaration file for each source file that the doors lead to. */
function emitDeclarations(target: string): void {
  const config = join(target, "tsconfig.json");
  const paths = { "@skiff/cluster/testing": [join(parts, "cluster/src/testing.ts")], "@skiff/*": [join(parts, "*/src/index.ts")] };
  const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: target, rootDir: parts, paths };
  const files = doors.map((door) => join(folder, `src/${door}.ts`));
  writeFileSync(config, JSON.stringify({ extends: join(parts, "../tsconfig.json"), compilerOptions, include: [], files }));
  const { status, stdout } = spawnSync("tsc", ["-p", config], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the declarations could not be made:\n${stdout}`);
}

async function bundle(source: string, target: string): Promise<void> {
  for (const file of readdirSync(target)) if (file.endsWith(".d.ts")) rmSync(join(target, file));
  const workspace: Plugin = {
    name: "workspace",
    resolveId: {
      // Before the other plug-ins, which would find the source files of the parts.
      order: "pre",
      handler(id, importer) {
        const [, part, door = "index"] = /^@skiff\/([a-z-]+)(?:\/([a-z]+))?$/.exec(id) ?? [];
        if (part !== undefined) return join(source, part, `src/${door}.d.ts`);
        if (importer === undefined) return undefined;
        // The declarations of other packages stay with them.
        if (!id.startsWith(".")) return { id, external: true };
        const file = resolve(dirname(importer), id.replace(/\.ts$/, ".d.ts"));
        return existsSync(file) ? file : undefined;
      },
    },
  };
  const build = await rolldown({
    input: Object.fromEntries(doors.map((door) => [door, join(source, `skiff/src/${door}.d.ts`)])),
    // Reads declarations and changes none, so that no compiler is asked.
    plugins: [workspace, dts({ dtsOnly: true, generator: "oxc", tsconfig: false })],
  });
  await build.write({ dir: target, format: "es", chunkFileNames: "types-[hash].d.ts" });
  await build.close();
}
