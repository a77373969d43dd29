import { describe, expect, it } from "vitest";
import { formatTime } from "./clock.ts";

describe("formatTime", () => {
  it.each([
    [0, "1970-01-01T00:00:00Z"],
    [999.9, "1970-01-01T00:00:00Z"],
    [1000, "1970-01-01T00:00:01Z"],
    [-1, "1969-12-31T23:59:59Z"],
    [Date.UTC(2026, 1, 3, 4, 5, 6, 789), "2026-02-03T04:05:06Z"],
  ])("writes %d, also after another second was written", (epochMs, text) => {
    expect(formatTime(epochMs)).toBe(text);
    formatTime(epochMs + 5000);
    expect(formatTime(epochMs)).toBe(text);
  });

  it("refuses what is no time, also after a time", () => {
    formatTime(0);
    expect(() => formatTime(Number.NaN)).toThrow(RangeError);
  });
});
