import { createLogger, formatLogEntry, messageOf, systemClock, systemRandom, type Host, type LogLevel } from "@skiff/base";
import type { CommandContext } from "./command-context.ts";

/**
 * Runs a long-lived part until the process is asked to end, then stops it in order. Logs JSON lines to standard error,
 * at the level of `SKIFF_LOG` (default `info`).
 */
export async function runUntilSignal(context: CommandContext, start: (host: Host) => Promise<{ stop(): Promise<void> }>): Promise<void> {
  const level = (process.env.SKIFF_LOG ?? "info") as LogLevel;
  const log = createLogger(systemClock, (entry) => context.terminal.err(`${formatLogEntry(entry)}\n`), level);
  const host: Host = { clock: systemClock, random: systemRandom, log };
  // A mistake in one part must be seen, and must not take the whole cluster down.
  process.on("unhandledRejection", (error) => log.error("an error was not handled", { error }));
  const asked = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
  const running = await start(host);
  const signal = await asked;
  log.info("stopping", { signal });
  await running.stop().catch((error: unknown) => log.error("stopping failed", { error: messageOf(error) }));
  process.exit(0);
}
