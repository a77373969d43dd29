import type { HostFiles } from "./host-files.ts";
import type { BackgroundCommand, BackgroundProcess, CommandResult, ProcessEntry, ProcessExit, ProcessSpawner } from "./process-spawner.ts";

interface FakeProcess extends BackgroundProcess {
  readonly command: BackgroundCommand;
  exit(exit: ProcessExit): void;
  running: boolean;
}

/** Processes and files in memory, for tests. */
export class FakeMachine implements ProcessSpawner, HostFiles {
  readonly files = new Map<string, string | Uint8Array>();
  readonly processes: FakeProcess[] = [];
  readonly commands: string[] = [];
  readonly signals: string[] = [];
  table: readonly ProcessEntry[] = [];
  /** Answers commands; default: success with no output. */
  answer: (line: string) => Partial<CommandResult> = () => ({});
  /** What a process does when it is sent a signal; default: it ends. */
  onSignal: (process: FakeProcess, signal: string) => void = (process, signal) => process.exit({ signal });
  startError: Error | undefined;

  async start(command: BackgroundCommand): Promise<BackgroundProcess> {
    if (this.startError) throw this.startError;
    let resolve: (exit: ProcessExit) => void = () => {};
    const exited = new Promise<ProcessExit>((settle) => {
      resolve = settle;
    });
    const pid = 100 + this.processes.length;
    const process: FakeProcess = {
      pid,
      startTicks: `ticks-${pid}`,
      exited,
      command,
      running: true,
      exit(exit) {
        process.running = false;
        resolve(exit);
      },
    };
    this.processes.push(process);
    return process;
  }

  adopt(pid: number, startTicks: string): BackgroundProcess | undefined {
    return this.processes.find((process) => process.pid === pid && process.startTicks === startTicks && process.running);
  }

  async run(command: string, args: readonly string[]): Promise<CommandResult> {
    const line = [command, ...args].join(" ");
    this.commands.push(line);
    return { exitCode: 0, stdout: "", stderr: "", ...this.answer(line) };
  }

  signal(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
    this.signals.push(`${signal} ${pid}`);
    const process = this.processes.find((each) => each.pid === pid);
    if (process?.running) this.onSignal(process, signal);
    if (signal === "SIGKILL") this.table = this.table.filter((entry) => entry.pid !== pid);
  }

  // `list` of the process table and `list` of a directory differ by their arguments.
  list(): Promise<readonly ProcessEntry[]>;
  list(path: string): Promise<readonly string[]>;
  async list(path?: string): Promise<readonly ProcessEntry[] | readonly string[]> {
    if (path === undefined) return this.table;
    const names = [...this.files.keys()].filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1));
    return [...new Set(names.map((name) => name.split("/")[0] ?? ""))];
  }

  async readText(path: string): Promise<string | undefined> {
    const content = this.files.get(path);
    return content === undefined || typeof content === "string" ? content : new TextDecoder().decode(content);
  }

  async writeFile(path: string, content: string | Uint8Array): Promise<void> {
    this.files.set(path, content);
  }

  async makeDirectory(): Promise<void> {}

  async remove(path: string): Promise<void> {
    for (const file of this.files.keys()) if (file === path || file.startsWith(`${path}/`)) this.files.delete(file);
  }
}
