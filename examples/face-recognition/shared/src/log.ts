import { type DestinationStream, type Logger, pino } from "pino";

/** What the services log with: one JSON object a line, with `time`, `level`, `service`, `msg` and the fields given. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** A log on standard output. `level`: of `LOG_LEVEL`, default `info`; an unknown level is an error of `pino`. */
export function createLog(service: string, level = process.env.LOG_LEVEL ?? "info", destination?: DestinationStream): Log {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** What helps of an error; some carry whole statements and tables of constants. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  return { name, message, code: "code" in error ? error.code : undefined, stack };
}

/** A log that keeps nothing, for tests. */
export const SILENT_LOG: Log = pino({ level: "silent" });
