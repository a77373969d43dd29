import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { kubectlWrapper } from "./old-forms.ts";
import { RunningCommand, runShell } from "./shell-session.ts";
import type { Outcome } from "./outcome.ts";

const DEFAULT_TIMEOUT_MS = 120_000;

/** What a workspace's programs are. */
interface WorkspacePrograms {
  /** The real kubectl. */
  readonly kubectl: string;
  /** The command that runs Skiff. */
  readonly skiff: readonly string[];
}

/**
 * The reader's desk while a document is replayed: a folder with the document's files, a home directory, a PATH on which
 * the document's commands are found, and a shell whose variables and working directory outlive each step.
 */
export class Workspace {
  readonly directory: string;
  readonly home: string;
  readonly #notes: string;
  readonly #state: string;
  readonly #running: RunningCommand[] = [];

  private constructor(directory: string) {
    this.directory = directory;
    this.home = join(directory, "home");
    this.#notes = join(directory, ".old-forms");
    this.#state = join(directory, ".shell-state");
  }

  static async create(programs: WorkspacePrograms): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(tmpdir(), "skiff-steps-")));
    await mkdir(join(workspace.home, ".kube"), { recursive: true });
    await mkdir(workspace.#bin);
    await writeFile(workspace.#state, `cd ${workspace.directory}\n`);
    await writeFile(workspace.#notes, "");
    await workspace.addProgram("kubectl", kubectlWrapper({ ...programs, notes: workspace.#notes }));
    // Everything runs as root already.
    await workspace.addProgram("sudo", '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n');
    await workspace.addProgram("skiff", `#!/bin/sh\nexec ${programs.skiff.map((word) => `'${word}'`).join(" ")} "$@"\n`);
    return workspace;
  }

  get #bin(): string {
    return join(this.directory, ".bin");
  }

  /** The kubeconfig that commands use. */
  get kubeconfig(): string {
    return join(this.home, ".kube", "config");
  }

  /** Puts a program on the PATH of the steps. `text` begins with `#!`. */
  async addProgram(name: string, text: string): Promise<void> {
    const file = join(this.#bin, name);
    await writeFile(file, text);
    await chmod(file, 0o755);
  }

  /** Writes a file of the document. `$HOME` in its name is the workspace's. */
  async write(name: string, text: string): Promise<void> {
    const file = this.path(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** A file of the document. */
  async read(name: string): Promise<string> {
    return readFile(this.path(name), "utf8");
  }

  path(name: string): string {
    const expanded = name.replace(/^(\$HOME|~)(?=\/)/, this.home);
    return expanded.startsWith("/") ? expanded : join(this.directory, expanded);
  }

  /** Runs `text` in the desk's shell to its end; after 120 s, or the given time, it is killed. */
  run(text: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Outcome> {
    const state = `'${this.#state}'`;
    const kept = `code=$?; { export -p; echo "cd '$PWD'"; } >${state}; exit $code`;
    return runShell(`. ${state}\n${text}\n${kept}`, { cwd: this.directory, env: this.#environment(), timeoutMs });
  }

  /** Starts `text` in a shell; it runs until it ends, is stopped, or the workspace goes. */
  start(text: string): RunningCommand {
    return this.#started(["bash", "-c", `. '${this.#state}'\nexec ${text}`]);
  }

  /** Starts `text` in a terminal of its own. */
  startInTerminal(text: string): RunningCommand {
    return this.#started([
      "script",
      "--quiet",
      "--return",
      "--flush",
      "--command",
      `bash -c '. ${this.#state}; ${text.replaceAll("'", "'\\''")}'`,
      "/dev/null",
    ]);
  }

  /** Why steps so far were run by Skiff's own client, and forgets it. */
  async takeOldForms(): Promise<string[]> {
    const lines = (await readFile(this.#notes, "utf8")).split("\n").filter((line) => line !== "");
    if (lines.length > 0) await writeFile(this.#notes, "");
    return [...new Set(lines)];
  }

  /** Stops what still runs and removes the folder. */
  async remove(): Promise<void> {
    await Promise.all(this.#running.map((command) => command.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }

  #started(command: readonly string[]): RunningCommand {
    const running = new RunningCommand(command, { cwd: this.directory, env: this.#environment() });
    this.#running.push(running);
    return running;
  }

  #environment(): Record<string, string> {
    const { PATH = "", LANG = "C.UTF-8" } = process.env;
    return {
      PATH: `${this.#bin}:${PATH}`,
      LANG,
      HOME: this.home,
      TERM: "dumb",
      KUBECONFIG: this.kubeconfig,
      XDG_CACHE_HOME: join(this.home, ".cache"),
    };
  }
}
