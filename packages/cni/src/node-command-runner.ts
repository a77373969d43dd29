import { spawn } from "node:child_process";
import type { Command, CommandOutcome, CommandRunner } from "./command-runner.ts";

const TIMEOUT_MS = 30_000;

/** Output past this is dropped. */
const OUTPUT_MAX_BYTES = 4 * 1024 * 1024;

/** Runs commands on this machine. */
export const nodeCommandRunner: CommandRunner = {
  run: ([program, ...args]: Command, input = "") =>
    new Promise<CommandOutcome>((resolve, reject) => {
      const child = spawn(program, args, { stdio: "pipe", timeout: TIMEOUT_MS, killSignal: "SIGKILL" });
      const stdout = collect(child.stdout);
      const stderr = collect(child.stderr);
      child.on("error", reject);
      child.on("close", (code) => {
        if (code === null) reject(new Error(`${program} was killed; it took longer than ${TIMEOUT_MS / 1000} s`));
        else resolve({ exitCode: code, stdout: stdout(), stderr: stderr() });
      });
      // A program that ends without reading its input is no failure of ours.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    }),
};

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (sizeBytes < OUTPUT_MAX_BYTES) chunks.push(chunk);
    sizeBytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
