import { formatMicroTime, type Clock } from "./clock.ts";

/** How much a line matters. `debug` is off by default. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line is about: small values only; secrets never. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logging: a constant message and the values that vary as fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

/** One line of the log. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly time: string;
  readonly message: string;
  readonly fields: LogFields;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A logger that hands every entry at or above `minimum` (default `info`) to `write`. */
export function createLogger(clock: Clock, write: (entry: LogEntry) => void, minimum: LogLevel = "info", fields: LogFields = {}): Logger {
  const enabled = new Set(LEVELS.slice(LEVELS.indexOf(minimum)));
  const at =
    (level: LogLevel) =>
    (message: string, more?: LogFields): void => {
      if (enabled.has(level)) write({ level, time: formatMicroTime(clock.now()), message, fields: more ? { ...fields, ...more } : fields });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (more) => createLogger(clock, write, minimum, { ...fields, ...more }),
  };
}

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

/** An entry as one line of JSON, errors as their message and stack. */
export function formatLogEntry(entry: LogEntry): string {
  const plain = (_key: string, value: unknown): unknown =>
    value instanceof Error ? { message: value.message, stack: value.stack } : value;
  return JSON.stringify({ time: entry.time, level: entry.level, message: entry.message, ...entry.fields }, plain);
}
