/** How a process ended: `exitCode`, or the name of the signal that ended it. Both are absent for a process that somebody else started. */
export interface ProcessExit {
  readonly exitCode?: number;
  readonly signal?: string;
}

/** A process that runs in the background. */
export interface BackgroundProcess {
  readonly pid: number;
  /** When the kernel started it, in clock ticks since boot: tells it apart from a later process with the same number. */
  readonly startTicks: string;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
}

/** What to start in the background. */
export interface BackgroundCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Output and errors are appended to it. */
  readonly logFile: string;
}

/** What a command that ran to its end left behind. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process as the process table shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly commandLine: readonly string[];
}

/** Starting, finding and ending processes of this machine. */
export interface ProcessSpawner {
  /**
   * Starts a process in a session of its own, so that it outlives us.
   *
   * Errors: rejects when the program cannot be started.
   */
  start(command: BackgroundCommand): Promise<BackgroundProcess>;
  /** A process that an earlier life of ours started, if it still runs. */
  adopt(pid: number, startTicks: string): BackgroundProcess | undefined;
  /**
   * Runs a command to its end. Whatever its exit code, it resolves.
   *
   * Errors: rejects when the program cannot be started, when it takes longer than `timeoutMs` (then it is killed), or
   * when it prints more than 16 MiB.
   */
  run(command: string, args: readonly string[], options: { readonly timeoutMs: number }): Promise<CommandResult>;
  /** Does nothing when the process is gone. */
  signal(pid: number, signal: "SIGTERM" | "SIGKILL"): void;
  list(): Promise<readonly ProcessEntry[]>;
}
