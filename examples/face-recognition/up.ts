/**
 * Starts the example: a cluster if there is none, the images, the manifests, the sample pictures. Prints where the page is.
 * `npm run example:faces` in the repository calls it; what it does can be typed by hand, and each command is shown.
 *
 *     npx tsx examples/face-recognition/up.ts [--name CLUSTER]      (default: skiff)
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contextName } from "@skiff/cluster";
import { buildImages, imageObstacle } from "./images.ts";
import { UNKNOWN } from "./samples.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const BASE = "examples/face-recognition/manifests/base";
const PROGRAM = "packages/skiff/dist/skiff.js";

const { name } = parseArgs({ options: { name: { type: "string", default: "skiff" } } }).values;

function skiff(...args: string[]): string {
  process.stderr.write(`$ skiff ${args.join(" ")}\n`);
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, ...args], {
    stdio: ["inherit", "pipe", "inherit"],
    encoding: "utf8",
    cwd: REPOSITORY,
  });
  if (status !== 0) {
    process.stderr.write(`${stdout}skiff ${args.join(" ")} failed; what it said stands above.\n`);
    process.exit(1);
  }
  return stdout;
}

function kubectl(...args: string[]): string {
  return skiff("kubectl", "--context", contextName(name), ...args);
}

/** The manifests of the base, which is also the overlay for one node. */
function manifests(): string[] {
  const text = readFileSync(`${REPOSITORY}/${BASE}/kustomization.yaml`, "utf8");
  return Array.from(text.matchAll(/^ {2}- (\S+)$/gm), ([, file]) => `${BASE}/${file}`);
}

async function post(receiver: string): Promise<string> {
  const body = JSON.stringify({ paths: UNKNOWN.map((sample) => ({ path: `/unknown_people/${sample.name}` })) });
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(`${receiver}/images/post`, { method: "POST", body })).text();
    } catch (error) {
      if (attempt === 20) throw error;
      await delay(500);
    }
  }
}

const why = imageObstacle();
if (why !== undefined) {
  process.stderr.write(`This needs Linux and root: ${why}. On any other cluster: kubectl apply -k ${BASE}/../overlays/any-kubernetes\n`);
  process.exit(1);
}
skiff("up", "--name", name, "--install");
process.stderr.write("Building the images …\n");
skiff("image", "load", "--name", name, ...(await buildImages()));
process.stdout.write(kubectl("apply", ...manifests().flatMap((file) => ["-f", file])));
kubectl("wait", "--for=condition=Complete", "job/migration", "job/sample-people", "--timeout=180s");
for (const deployment of ["receiver-deployment", "image-processor-deployment", "face-recog", "frontend"]) {
  kubectl("rollout", "status", `deployment/${deployment}`, "--timeout=180s");
}
process.stdout.write(kubectl("get", "pods"));
const port = (service: string): string => kubectl("get", "service", service, "-o", "jsonpath={.spec.ports[0].nodePort}").trim();
const receiver = `http://127.0.0.1:${port("receiver-service")}`;
process.stdout.write(await post(receiver));
process.stdout.write(`
The page:      http://127.0.0.1:${port("frontend")}
The receiver:  ${receiver}      curl -d '{"path":"/unknown_people/unknown0001.jpg"}' ${receiver}/image/post
Remove it all: npm run example:faces:down
`);
