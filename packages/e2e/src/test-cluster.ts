import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { toolsDirectory } from "./cache-directory.ts";
import { buildBusyboxArchive } from "./images/busybox-image.ts";
import { DebianImageBuilder } from "./images/debian-image.ts";
import { NGINX } from "./images/recipes.ts";

export { freeTcpPort } from "./free-tcp-port.ts";

/** The built `skiff` command. */
export const PROGRAM = fileURLToPath(new URL("../../skiff/dist/skiff.js", import.meta.url));
const COMMAND_TIMEOUT_MS = 90_000;
const POLL_MS = 100;

/** How a command ended. */
export interface CommandResult {
  /** 0 to 255, or -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a command. */
export interface RunOptions {
  readonly input?: string;
  /** Default 90 s; then the command is killed and the call fails. */
  readonly timeoutMs?: number;
  /** Where to run it; default: where the test runs. */
  readonly directory?: string;
  /** The user to run it as; default: that of the test. */
  readonly user?: number;
  /** Beside the environment of the test. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What `skiff status -o json` answers, as far as tests need it. */
interface StatusAnswer {
  readonly running: boolean;
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly address?: string }[];
  readonly processes: readonly { readonly role: string; readonly pid: number; readonly node?: string }[];
}

/** A cluster of its own for one test file, run by the built `skiff` command as users run it. */
export class TestCluster {
  readonly name: string;
  readonly directory: string;
  readonly kubeconfig: string;

  private constructor(name: string, directory: string) {
    this.name = name;
    this.directory = directory;
    this.kubeconfig = join(directory, "kubeconfig");
  }

  /**
   * Creates the cluster and loads the archives `images`, by default those of `nginx:1.7.9`, `nginx:1.9.1` and `busybox:1.36`.
   * `name` must be nobody else's.
   */
  static async start(name: string, upArguments: readonly string[] = [], images?: readonly string[]): Promise<TestCluster> {
    if (!existsSync(PROGRAM)) throw new Error("the skiff command is not built: run npm run build");
    const archives = images ?? (await imageArchives());
    const cluster = new TestCluster(name, await mkdtemp(join(tmpdir(), `${name}-`)));
    try {
      await cluster.up(upArguments);
      await cluster.skiff(["image", "load", "--name", name, ...archives]);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  get data(): string {
    return join(this.directory, "data");
  }

  /** Starts what does not run of the cluster. */
  async up(upArguments: readonly string[] = []): Promise<void> {
    await this.skiff(["up", "--name", this.name, "--data-dir", this.data, "--kubeconfig", this.kubeconfig, ...upArguments]);
  }

  /** Runs `skiff`; fails when it does not end with 0. */
  async skiff(args: readonly string[]): Promise<string> {
    return succeeded(`skiff ${args.join(" ")}`, await run(process.execPath, [PROGRAM, ...args]));
  }

  async status(): Promise<StatusAnswer> {
    return JSON.parse(await this.skiff(["status", "--name", this.name, "-o", "json"])) as StatusAnswer;
  }

  /** Starts `skiff` with arguments, beside the test. */
  startSkiff(args: readonly string[]): BackgroundCommand {
    return new BackgroundCommand(process.execPath, [PROGRAM, ...args], { ...process.env, KUBECONFIG: this.kubeconfig });
  }

  /** The process of that role. Fails when there is none. */
  async pid(role: "server" | "node" | "containerd"): Promise<number> {
    const found = (await this.status()).processes.find((each) => each.role === role);
    if (found === undefined) throw new Error(`cluster ${this.name} has no ${role}`);
    return found.pid;
  }

  /** The processes of the machine that play the role in this cluster, keepers aside. */
  processes(role: "server" | "node"): number[] {
    const marks = [role, "--data-dir", this.data];
    return readdirSync("/proc").flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return marks.every((mark) => command.includes(mark)) && !command.includes("skiff-keeper") ? [Number(pid)] : [];
      } catch {
        // It ended in between.
        return [];
      }
    });
  }

  /** A kubectl that talks to this cluster: the program at `path`, by default the one on PATH. */
  kubectl(path = kubectls()[0]): Kubectl {
    if (path === undefined) throw new Error("there is no kubectl");
    return new Kubectl(path, this.kubeconfig);
  }

  /** Removes the cluster and the directory. */
  async remove(): Promise<void> {
    await run(process.execPath, [PROGRAM, "delete", "--name", this.name, "--kubeconfig", this.kubeconfig]);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** One program of kubectl and the cluster it talks to. */
export class Kubectl {
  readonly path: string;
  readonly #kubeconfig: string;

  constructor(path: string, kubeconfig: string) {
    this.path = path;
    this.#kubeconfig = kubeconfig;
  }

  /** The standard output; fails when the command does not end with 0. `line` is split at spaces, see {@link words}. */
  async ok(line: string, options: RunOptions = {}): Promise<string> {
    return succeeded(`kubectl ${line}`, await this.try(line, options));
  }

  /** However it ends. */
  async try(line: string, options: RunOptions = {}): Promise<CommandResult> {
    return run(this.path, words(line), this.#withKubeconfig(options));
  }

  /** Starts a command that runs until {@link BackgroundCommand.stop}. */
  start(line: string): BackgroundCommand {
    return new BackgroundCommand(this.path, words(line), { ...process.env, KUBECONFIG: this.#kubeconfig });
  }

  /** Runs a shell's command line at a terminal of its own; `kubectl` in it is this one. */
  terminal(line: string): BackgroundCommand {
    const script = `kubectl() { ${this.path} "$@"; }; ${line}`;
    // Its input is a pipe to the terminal, so that tests can type.
    return new BackgroundCommand("script", ["-qec", script, "/dev/null"], {
      ...process.env,
      KUBECONFIG: this.#kubeconfig,
      SHELL: "/bin/sh",
    });
  }

  #withKubeconfig(options: RunOptions): RunOptions {
    return { ...options, environment: { KUBECONFIG: this.#kubeconfig, ...options.environment } };
  }
}

/** A command that runs beside the test. */
export class BackgroundCommand {
  readonly #child: ChildProcess;
  #output = "";
  readonly #ended: Promise<void>;

  constructor(path: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#child = spawn(path, args, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
    // A program that has ended reads no more.
    this.#child.stdin?.on("error", () => undefined);
    const take = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    this.#child.stdout?.on("data", take);
    this.#child.stderr?.on("data", take);
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", () => resolve());
    });
  }

  /** Both streams so far. */
  get output(): string {
    return this.#output;
  }

  /** Gives it input. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Resolves with its exit code when it ends by itself. */
  async ended(): Promise<number> {
    await this.#ended;
    return this.#child.exitCode ?? -1;
  }

  /** Asks it to end, and answers its exit code when it has. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.#child.kill(signal);
    return this.ended();
  }
}

/** The kubectls to test with: the oldest and the newest that this machine has, newest first. Empty when there is none. */
export function kubectls(): string[] {
  const given = process.env.SKIFF_KUBECTL;
  if (given !== undefined) return given.split(delimiter);
  const found = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
    const path = join(folder, "kubectl");
    return existsSync(path) ? [path] : [];
  })[0];
  if (found === undefined) return [];
  const folder = dirname(realpathSync(found));
  const versions = readdirSync(folder)
    .flatMap((file) => /^kubectl\.1\.(\d+)$/.exec(file)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a)
    .map((version) => join(folder, `kubectl.1.${version}`));
  // The one that scripts/build-tools.ts builds is of the version that Skiff serves.
  const built = join(toolsDirectory(), "kubectl");
  const all = [...(existsSync(built) ? [built] : []), ...(versions.length === 0 ? [found] : versions)];
  return [...new Set([all[0], all.at(-1)])].filter((path) => path !== undefined);
}

/** Why tests with kubectl and real containers cannot run here, or nothing. */
export function obstacle(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "real containers need Linux and root";
  return kubectls().length === 0 ? "there is no kubectl on PATH, and SKIFF_KUBECTL is not set" : undefined;
}

/** Waits until `probe` answers something other than undefined or false; errors of the probe count as "not yet". */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (let last: unknown = "nothing yet"; ;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (systemClock.monotonic() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
    await sleep(systemClock, POLL_MS);
  }
}

/** Runs a program to its end. */
export function run(path: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const timeoutMs = options.timeoutMs ?? COMMAND_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.environment };
    const child = spawn(path, args, { env, cwd: options.directory, uid: options.user, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // A program that does not read its input closes it; how it ends says enough.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    const timer = systemClock.setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${path} ${args.join(" ")} did not end within ${timeoutMs} ms\n${stdout}\n${stderr}`));
    }, timeoutMs);
    child.once("error", reject);
    child.once("close", (code) => {
      timer.cancel();
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}

/** The example of the documentation, with another node port, for several clusters may share this machine's network. */
export function nginxExample(nodePort: number): string {
  const file = fileURLToPath(new URL("../../../examples/nginx/nginx.yaml", import.meta.url));
  return readFileSync(file, "utf8").replace("nodePort: 30080", `nodePort: ${nodePort}`);
}

/** Splits a command line at spaces outside of single quotes, which it takes away. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

/** The archives that clusters get unless they are given others. */
export async function imageArchives(): Promise<string[]> {
  const builder = new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) });
  return [await builder.build(NGINX), await buildBusyboxArchive()];
}

/** The standard output of a command that has ended. Errors: an `Error` with all that it said, unless it ended with 0. */
export function succeeded(command: string, result: CommandResult): string {
  if (result.code !== 0) throw new Error(`${command}: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}
