import { spawn } from "node:child_process";
import type { RunCommand } from "./credential-source.ts";

/** More output than any credential has; past it the program is ended. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024;

/** Runs a program of this machine with our environment and `env` on top; what it says on stderr reaches the user. */
export const nodeRunCommand: RunCommand = (command, args, env) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > OUTPUT_LIMIT_BYTES) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString("utf8"));
      else reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
