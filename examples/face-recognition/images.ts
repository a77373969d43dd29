import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@skiff/base";
import { createLayer, imageArchitecture, NodeProcessSpawner, type OciImage } from "@skiff/cri";
import { busyboxEntries, DebianImageBuilder, MYSQL, NodeImageBuilder, toolsDirectory, writeImageArchive } from "@skiff/e2e";
import { bundleService, type Service, SERVICES } from "./bundle.ts";
import { writeSamples } from "./samples.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const BUILT = join(HERE, "dist/images");
const TOOLS = toolsDirectory();

/** The user of all programs: nobody's, and not root's. */
const USER = "10001:10001";

interface ServiceImage {
  readonly service: Service;
  readonly references: readonly string[];
  readonly env?: readonly string[];
  readonly exposedPorts?: readonly string[];
}

/** The documents' names; the receiver in both of its versions. */
const SERVICE_IMAGES: readonly ServiceImage[] = [
  {
    service: "receiver",
    references: ["skarlso/kube-receiver-alpine:latest", "skarlso/kube-receiver-alpine:v1.0"],
    env: ["RECEIVER_VERSION=1.0"],
    exposedPorts: ["8000/tcp"],
  },
  {
    service: "receiver",
    references: ["skarlso/kube-receiver-alpine:v1.1"],
    env: ["RECEIVER_VERSION=1.1"],
    exposedPorts: ["8000/tcp"],
  },
  { service: "image-processor", references: ["skarlso/kube-processor-alpine:latest"] },
  {
    service: "face-recognition",
    references: ["skarlso/kube-face-recog:latest"],
    env: ["MODELS=/app/models", "WASM=/app/wasm"],
    exposedPorts: ["50051/tcp"],
  },
  { service: "frontend", references: ["skarlso/kube-frontend-alpine:latest"], exposedPorts: ["8081/tcp"] },
  { service: "redeemer", references: ["skarlso/kube-redeemer:latest"] },
  { service: "migration", references: ["skarlso/kube-migration:latest"] },
];

/** Why the images cannot be built on this machine, or nothing. */
export function imageObstacle(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "images are built from this machine's packages, as root on Linux";
  const go = spawnSync("go", ["version"]).status === 0;
  return go || existsSync(join(TOOLS, "nsqd")) ? undefined : "NSQ is built with go, which is not installed";
}

/**
 * Builds all images of the example without Docker and answers the archives, for `skiff image load`. The first time takes a
 * minute or two, for NSQ is compiled.
 *
 * Errors: rejects when a tool that is needed fails; what it said is in the message or on standard error.
 */
export async function buildImages(): Promise<string[]> {
  rmSync(BUILT, { recursive: true, force: true });
  for (const service of SERVICES) await bundleService(service, join(BUILT, service));
  const builder = new NodeImageBuilder(machineCode(BUILT));
  const images: OciImage[] = [await nsqImage(), await samplesImage()];
  for (const { service, references, env = [], exposedPorts } of SERVICE_IMAGES) {
    images.push(
      builder.build({
        references,
        folders: { "/app": join(BUILT, service) },
        config: {
          entrypoint: ["/usr/local/bin/node", "--enable-source-maps", "/app/main.js"],
          env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production", ...env],
          user: USER,
          workingDir: "/app",
          exposedPorts,
        },
      }),
    );
  }
  const file = await writeImageArchive("face-recognition", images);
  return [file, await new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) }).build(MYSQL)];
}

/** Real nsqd and nsqlookupd where the image of that name has them. */
async function nsqImage(): Promise<OciImage> {
  const programs = ["nsqd", "nsqlookupd"];
  if (!programs.every((name) => existsSync(join(TOOLS, name)))) {
    const script = fileURLToPath(new URL("../../scripts/build-tools.ts", import.meta.url));
    const { status } = spawnSync(process.execPath, ["--import", "tsx", script, ...programs], { stdio: ["ignore", 2, 2], cwd: HERE });
    if (status !== 0) throw new Error("NSQ cannot be built");
  }
  const files = programs.map((name) => ({ path: name, type: "file" as const, mode: 0o755, content: readFileSync(join(TOOLS, name)) }));
  return {
    references: ["nsqio/nsq:latest", "nsqio/nsq:v1.3.0"],
    architecture: imageArchitecture(process.arch),
    layers: [createLayer([...busyboxEntries(), ...files], "none")],
    config: { cmd: ["/nsqd"], exposedPorts: ["4150/tcp", "4151/tcp", "4160/tcp", "4161/tcp"] },
  };
}

async function samplesImage(): Promise<OciImage> {
  const folder = join(BUILT, "samples");
  await writeSamples(join(folder, "known"), join(folder, "unknown"));
  const entries = ["known", "unknown"].flatMap((each) => [
    { path: `samples/${each}`, type: "directory" as const },
    ...readdirSync(join(folder, each)).map((name) => ({
      path: `samples/${each}/${name}`,
      type: "file" as const,
      content: readFileSync(join(folder, each, name)),
    })),
  ]);
  return {
    references: ["skarlso/kube-sample-people:latest"],
    architecture: imageArchitecture(process.arch),
    layers: [createLayer([...busyboxEntries(), { path: "samples", type: "directory" }, ...entries], "none")],
    config: { cmd: ["sh"] },
  };
}

/** The files with machine code in a package's folder. */
function machineCode(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.node$|\.so(\.|$)/.test(name))
    .map((name) => join(folder, name));
}
