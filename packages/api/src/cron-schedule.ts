import { Cron } from "croner";

/** The spellings that stand for five fields. */
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/** A schedule that is none; the message says why. */
export class CronScheduleError extends Error {
  override readonly name = "CronScheduleError";
}

/** When something recurs. Times are milliseconds since the epoch. */
export interface CronSchedule {
  /** The first time after `afterMs`; `undefined` when there is none. */
  next(afterMs: number): number | undefined;
}

/** Milliseconds of `@every 1h30m`. */
function everyMs(text: string): number | undefined {
  const rest = /^@every (.+)$/.exec(text)?.[1];
  if (rest === undefined) return undefined;
  let totalMs = 0;
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000 };
  if (!/^(\d+[hms])+$/.test(rest)) throw new CronScheduleError(`failed to parse duration ${text}`);
  for (const [, amount = "0", unit = "s"] of rest.matchAll(/(\d+)([hms])/g)) totalMs += Number(amount) * (units[unit] ?? 0);
  return Math.max(totalMs, 1000);
}

/**
 * Reads the schedule of a CronJob: five fields, or a spelling such as `@daily`. `timeZone` is an IANA name; default UTC.
 *
 * Errors: {@link CronScheduleError}.
 */
export function parseCronSchedule(text: string, timeZone = "Etc/UTC"): CronSchedule {
  const interval = everyMs(text);
  if (interval !== undefined) return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + interval };
  if (text.startsWith("@") && !DESCRIPTORS.has(text)) throw new CronScheduleError(`unrecognized descriptor: ${text}`);
  // In cron `?` stands for any value; the parser knows only the asterisk.
  const fields = (DESCRIPTORS.get(text) ?? text).trim().split(/\s+/);
  if (fields.length !== 5 || fields[0] === "") {
    const found = fields[0] === "" ? [] : fields;
    throw new CronScheduleError(`expected exactly 5 fields, found ${found.length}: [${found.join(" ")}]`);
  }
  let cron: Cron;
  try {
    cron = new Cron(fields.map((field) => (field === "?" ? "*" : field)).join(" "), { timezone: timeZone, paused: true, mode: "5-part" });
  } catch (error) {
    throw new CronScheduleError(`failed to parse schedule ${text}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
}

/** Whether the name is one of a time zone that can be computed with. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
