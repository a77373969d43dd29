import { describe, expect, it } from "vitest";
import { CronScheduleError, isTimeZone, parseCronSchedule } from "./cron-schedule.ts";

const at = (text: string): number => Date.parse(text);

describe("the next time", () => {
  it.each([
    ["*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", undefined],
    ["0 0 * * *", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z", undefined],
    ["@hourly", "2026-01-01T12:59:59Z", "2026-01-01T13:00:00Z", undefined],
    ["@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z", undefined],
    ["30 2 ? * MON", "2026-01-01T00:00:00Z", "2026-01-05T02:30:00Z", undefined],
    ["0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z", "Europe/Berlin"],
    // Either of the two days is enough when both are given.
    ["0 0 13 * FRI", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", undefined],
  ])("of %s after %s", (text, after, expected, zone) => {
    expect(parseCronSchedule(text, zone).next(at(after))).toBe(at(expected));
  });

  it("is none on a day that never comes", () => {
    expect(parseCronSchedule("0 0 30 2 *").next(at("2026-01-01T00:00:00Z"))).toBeUndefined();
  });
});

it.each(["", "* * * *", "* * * * * *", "61 * * * *", "a b c d e", "@sometimes", "@every soon"])("refuses %j", (text) => {
  expect(() => parseCronSchedule(text)).toThrow(CronScheduleError);
});

it("knows time zones", () => {
  expect(isTimeZone("Europe/Berlin")).toBe(true);
  expect(isTimeZone("Mars/Olympus")).toBe(false);
});
