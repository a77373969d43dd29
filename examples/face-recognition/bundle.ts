import { cpSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { copyPackage } from "./native-packages.ts";

/** The programs that have an image of their own. */
export const SERVICES = ["receiver", "image-processor", "face-recognition", "frontend", "redeemer", "migration"] as const;

/** One of {@link SERVICES}. */
export type Service = (typeof SERVICES)[number];

const HERE = fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(import.meta.url);

/** The networks that are used, of those that the library brings. */
const NETWORKS = /\/(ssd_mobilenetv1|face_landmark_68|face_recognition)_model/;

/** CommonJS packages inside an ES module expect these names. */
const BANNER = [
  'import { createRequire as bannerCreateRequire } from "node:module";',
  'import { fileURLToPath as bannerFileURLToPath } from "node:url";',
  "const require = bannerCreateRequire(import.meta.url);",
  "const __filename = bannerFileURLToPath(import.meta.url);",
  'const __dirname = bannerFileURLToPath(new URL(".", import.meta.url));',
].join("\n");

/**
 * The face library asks for the whole of TensorFlow.js; the core and the WebAssembly backend are all that is used of it,
 * and a tenth of the size.
 */
const TENSORFLOW: Plugin = {
  name: "tensorflow",
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs(-backend-webgl)?\/dist\/index\.js$/ }, ({ path }) => ({ path, namespace: "tensorflow" }));
    build.onLoad({ filter: /.*/, namespace: "tensorflow" }, ({ path }) => ({
      contents: path.includes("webgl")
        ? "export {};"
        : 'import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops"; export * from "@tensorflow/tfjs-core";',
      resolveDir: HERE,
    }));
    // One copy of each, whoever asks for it and however.
    build.onResolve({ filter: /^@tensorflow\/tfjs-(core|backend-wasm|backend-cpu)(\/dist\/index\.js)?$/ }, ({ path, resolveDir }) => {
      const name = path.split("/").slice(0, 2).join("/");
      return { path: join(dirname(require.resolve(`${name}/package.json`, { paths: [resolveDir] })), "dist/index.js") };
    });
  },
};

/**
 * Bundles `service` into `folder`: `main.js`, what it reads at run time beside it, and for face recognition the program of
 * its threads. The package `sharp`, which has machine code for this kind of machine, is copied.
 */
export async function bundleService(service: Service, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const entries = [join(HERE, service, "src/main.ts")];
  if (service === "face-recognition") entries.push(join(HERE, service, "src/engine-worker.ts"));
  await build({
    entryPoints: entries,
    outdir: folder,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["sharp"],
    banner: { js: BANNER },
    plugins: [TENSORFLOW],
    logLevel: "warning",
  });
  cpSync(join(HERE, "shared/proto"), join(folder, "proto"), { recursive: true });
  if (service === "frontend") cpSync(join(HERE, "frontend/static"), join(folder, "static"), { recursive: true });
  if (service === "frontend" || service === "face-recognition") copyPackage("sharp", HERE, folder);
  if (service !== "face-recognition") return;
  const { models, wasm } = engineFiles();
  cpSync(models, join(folder, "models"), { recursive: true, filter: (path) => path === models || NETWORKS.test(path) });
  cpSync(wasm, join(folder, "wasm"), { recursive: true, filter: (path) => path === wasm || path.endsWith(".wasm") });
}

/** Where the packages keep the networks' weights and the WebAssembly programs. */
function engineFiles(): { readonly models: string; readonly wasm: string } {
  return {
    models: join(dirname(require.resolve("@vladmandic/face-api/package.json")), "model"),
    wasm: join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist"),
  };
}

/** The sample pictures of the face library. */
export function samplePictures(): string {
  return join(dirname(require.resolve("@vladmandic/face-api/package.json")), "demo");
}
