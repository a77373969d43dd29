import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock, systemRandom } from "@skiff/base";
import { Client, HttpsTransport, loadKubeconfig, nodeFileSystem, nodeRunCommand, transportOptions } from "@skiff/client";

const PROGRAM = fileURLToPath(new URL("../../skiff/dist/skiff.js", import.meta.url));
const COMMAND_TIMEOUT_MS = 300_000;
const run = promisify(execFile);

/** A process of a cluster, as `skiff status -o json` names it. */
export interface ClusterProcess {
  readonly role: string;
  readonly pid: number;
}

/** Why clusters of the built command cannot be measured, or nothing. */
export function programObstacle(): string | undefined {
  return existsSync(PROGRAM) ? undefined : "the skiff command is not built (npm run build)";
}

/** Why real containers cannot run here, or nothing. */
export function containerObstacle(): string | undefined {
  const isRoot = process.platform === "linux" && process.getuid?.() === 0;
  return isRoot ? programObstacle() : "real containers need Linux and root";
}

/** A cluster that the built command runs, as users run it. */
export class SkiffCluster {
  readonly name: string;
  readonly #directory: string;
  readonly #upArguments: readonly string[];

  private constructor(name: string, directory: string, upArguments: readonly string[]) {
    this.name = name;
    this.#directory = directory;
    this.#upArguments = upArguments;
  }

  /** Creates and starts it. `name` must be nobody else's. */
  static async start(name: string, upArguments: readonly string[]): Promise<SkiffCluster> {
    const cluster = new SkiffCluster(name, await mkdtemp(join(tmpdir(), `${name}-`)), upArguments);
    try {
      await cluster.up();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  /** Starts what does not run; answers how long that took from the command's start to its end, in milliseconds. */
  async up(): Promise<number> {
    const started = performance.now();
    const files = ["--data-dir", join(this.#directory, "data"), "--kubeconfig", this.#kubeconfig];
    await this.skiff(["up", "--name", this.name, ...files, ...this.#upArguments]);
    return performance.now() - started;
  }

  async down(): Promise<void> {
    await this.skiff(["down", "--name", this.name]);
  }

  /** Runs `skiff` and answers its standard output. Errors: rejects when it does not end with 0. */
  async skiff(args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [PROGRAM, ...args], { timeout: COMMAND_TIMEOUT_MS });
    return stdout;
  }

  async processes(): Promise<readonly ClusterProcess[]> {
    const status = JSON.parse(await this.skiff(["status", "--name", this.name, "-o", "json"])) as { processes: ClusterProcess[] };
    return status.processes;
  }

  /** A client with its own connections that may do everything. */
  async client(): Promise<Client> {
    const files = nodeFileSystem(systemClock, systemRandom);
    const config = await loadKubeconfig(files, [this.#kubeconfig]);
    return new Client(new HttpsTransport(await transportOptions(config, { files, clock: systemClock, run: nodeRunCommand })));
  }

  /** Removes everything that belongs to it. */
  async remove(): Promise<void> {
    await this.skiff(["delete", "--name", this.name, "--kubeconfig", this.#kubeconfig]).catch(() => {});
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #kubeconfig(): string {
    return join(this.#directory, "kubeconfig");
  }
}
