/** One command, as the words that `execve` gets: no shell reads it. */
export type Command = readonly [program: string, ...args: string[]];

/** What a command left behind. */
export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs commands of the operating system. */
export interface CommandRunner {
  /**
   * Runs a command to its end, with `input` as its standard input. Whatever its exit code, it resolves.
   *
   * Errors: rejects when the program cannot be started or takes longer than 30 s.
   */
  run(command: Command, input?: string): Promise<CommandOutcome>;
}

/** A command failed that had to succeed. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly command: Command;
  readonly outcome: CommandOutcome;

  constructor(command: Command, outcome: CommandOutcome) {
    super(`${command.join(" ")} failed with exit code ${outcome.exitCode}: ${(outcome.stderr || outcome.stdout).trim()}`);
    this.command = command;
    this.outcome = outcome;
  }
}

/**
 * Runs a command and answers what it printed.
 *
 * Errors: rejects with a {@link CommandError} when the exit code is not 0.
 */
export async function runOrThrow(runner: CommandRunner, command: Command, input?: string): Promise<string> {
  const outcome = await runner.run(command, input);
  if (outcome.exitCode !== 0) throw new CommandError(command, outcome);
  return outcome.stdout;
}
