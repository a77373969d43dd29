import { spawn } from "node:child_process";

/** More than any of these programs has to say; the rest is dropped. */
const OUTPUT_LIMIT_BYTES = 64 * 1024;

/** A program did not end well. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  /** `exit status 32`, or the signal that ended it. */
  readonly ending: string;
  /** What it said on its standard error. */
  readonly output: string;

  constructor(message: string, ending: string, output: string) {
    super(message);
    this.ending = ending;
    this.output = output;
  }
}

/** Runs a program to its end and answers what it printed. Errors: rejects with what it said when it fails. */
export function runProgram(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    const output: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        if (output[stream].length < OUTPUT_LIMIT_BYTES) output[stream] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output.stdout);
      const ending = signal === null ? `exit status ${code}` : `signal: ${signal}`;
      reject(new ProgramError(`${command} ${args.join(" ")} failed (${ending}): ${output.stderr.trim()}`, ending, output.stderr.trim()));
    });
  });
}
