import { writeSync } from "node:fs";
import { UserError } from "@skiff/cluster";
import { createLogger, formatLogEntry, messageOf, systemClock, systemRandom, type Host, type LogLevel } from "@skiff/base";
import { EXIT } from "./exit-codes.ts";

/**
 * Runs a long-lived part until the process is asked to end, then stops it in order. Logs JSON lines to standard error,
 * at the level of `SKIFF_LOG` (default `info`).
 */
export async function runUntilSignal(start: (host: Host) => Promise<{ stop(): Promise<void> }>): Promise<void> {
  const level = (process.env.SKIFF_LOG ?? "info") as LogLevel;
  const log = createLogger(systemClock, (entry) => writeLine(formatLogEntry(entry)), level);
  const host: Host = { clock: systemClock, random: systemRandom, log };
  // A mistake in one part must be seen, and must not take the whole cluster down.
  process.on("unhandledRejection", (error) => log.error("an error was not handled", { error }));
  const asked = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
  let running: { stop(): Promise<void> };
  try {
    running = await start(host);
  } catch (error) {
    // The last line of the log is what `skiff up` tells.
    log.error(messageOf(error), error instanceof UserError ? { nextStep: error.nextStep } : { error });
    process.exit(EXIT.failed);
  }
  const signal = await asked;
  log.info("stopping", { signal });
  await running.stop().catch((error: unknown) => log.error("stopping failed", { error: messageOf(error) }));
  process.exit(0);
}

/** A full disk, or a terminal that is gone, must not end what the log is about: then lines are lost. */
function writeLine(line: string): void {
  try {
    writeSync(process.stderr.fd, `${line}\n`);
  } catch {
    // There is no other place to say it.
  }
}
