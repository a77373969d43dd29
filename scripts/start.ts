/**
 * `npm start`: a cluster from nothing, with the documents' nginx example answering on a node port. Everything it does can
 * be typed by hand; each command is shown before it runs.
 */
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import { REPOSITORY } from "./source-files.ts";

const SKIFF = [process.execPath, "--enable-source-maps", join(REPOSITORY, "packages/skiff/dist/skiff.js")];
const NODE_PORT = 30080;
const IMAGE = "docker.io/library/nginx:1.7.9";

function run(command: readonly string[], shown: string): string {
  process.stderr.write(`$ ${shown}\n`);
  const [program = "", ...rest] = command;
  const { status, stdout } = spawnSync(program, rest, { stdio: ["inherit", "pipe", "inherit"], encoding: "utf8", cwd: REPOSITORY });
  process.stdout.write(stdout);
  if (status !== 0) {
    process.stderr.write(`${shown} failed; what it said stands above.\n`);
    process.exit(1);
  }
  return stdout;
}

function skiff(...rest: string[]): string {
  return run([...SKIFF, ...rest], `skiff ${rest.join(" ")}`);
}

/** The first line that a web server answers at the node port, or the reason why there is none. */
function fetchPage(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port: NODE_PORT, timeout: 2000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve(`HTTP ${response.statusCode}, ${/<title>(.*)<\/title>/.exec(body)?.[1] ?? `${body.length} bytes`}`));
    });
    asking.on("timeout", () => asking.destroy(new Error("no answer within 2 s")));
    asking.on("error", reject);
    asking.end();
  });
}

async function answered(seconds: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchPage();
    } catch (error) {
      if (attempt >= seconds * 4) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

const simulated = process.platform !== "linux" || process.getuid?.() !== 0;
if (simulated) process.stderr.write("Real containers need Linux and root; this cluster has a simulated node.\n");
skiff("up", ...(simulated ? ["--runtime", "simulated"] : ["--install"]));
if (!simulated && !skiff("image", "ls").includes(IMAGE)) {
  // A machine with access to a registry would pull the image; this one may have only its system's packages.
  process.stderr.write("Building the nginx image from the system's packages …\n");
  const archives = run([process.execPath, "--import", "tsx", "packages/e2e/make-images.ts", "nginx"], "make-images nginx")
    .trim()
    .split("\n");
  skiff("image", "load", ...archives);
}
const manifest = join(REPOSITORY, "examples/nginx/nginx.yaml");
skiff("kubectl", "apply", "-f", manifest);
skiff("kubectl", "rollout", "status", "deployment/nginx-deployment", "--timeout=120s");
skiff("kubectl", "get", "pods", "-o", "wide");
if (!simulated) process.stdout.write(`http://127.0.0.1:${NODE_PORT} answers: ${await answered(60)}\n`);
process.stdout.write("Look around with: npx skiff kubectl get all -A\nRemove it all with: npx skiff delete\n");
