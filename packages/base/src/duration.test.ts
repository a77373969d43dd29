import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["0", 0],
    ["300ms", 300],
    ["1.5h", 5_400_000],
    ["2h45m", 9_900_000],
    ["-1m30s", -90_000],
    ["1us", 0.001],
    ["100ns", 0.0001],
    [".5s", 500],
  ])("reads %s", (text, expected) => {
    expect(parseDuration(text)).toBeCloseTo(expected, 9);
  });

  it.each(["", "5", "1d", "h", "1h 5m", "1e3s", "--1s", "1.2.3s"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow("is not a duration");
  });

  it.each([
    [0, "0s"],
    [250, "250ms"],
    [1000, "1s"],
    [90_000, "1m30s"],
    [5_400_000, "1h30m0s"],
    [-61_500, "-1m1.5s"],
  ])("writes %d as %s", (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });
});
