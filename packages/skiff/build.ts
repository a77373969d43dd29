import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { thirdPartyLicenses } from "./third-party-licenses.ts";

/** Bundles the published package: the command, the modules that users import, and the licences. */
const folder = fileURLToPath(new URL(".", import.meta.url));
const { version } = JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as { version: string };
rmSync(`${folder}dist`, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: folder,
  entryPoints: {
    skiff: "src/bin.ts",
    index: "src/index.ts",
    testing: "src/testing.ts",
    client: "src/client.ts",
    // The program of a thread, found by its name.
    "node-yaml-worker": "../apiserver/src/ports/node-yaml-worker.ts",
  },
  outdir: "dist",
  bundle: true,
  // Commands load only the parts that they use.
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  // The whole texts stand in one file beside, see below.
  legalComments: "none",
  metafile: true,
  // LMDB brings its machine code along and finds it beside itself.
  external: ["lmdb"],
  define: { SKIFF_VERSION: JSON.stringify(version) },
  // Bundled CommonJS modules ask for the modules of the runtime by `require`.
  banner: { js: 'import { createRequire as skiffCreateRequire } from "node:module"; const require = skiffCreateRequire(import.meta.url);' },
  logLevel: "warning",
});
writeFileSync(`${folder}dist/THIRD-PARTY-LICENSES.txt`, thirdPartyLicenses(metafile, folder));
// npm packs the licence that stands in the package's own folder.
copyFileSync(`${folder}../../LICENSE`, `${folder}LICENSE`);
chmodSync(`${folder}dist/skiff.js`, 0o755);
