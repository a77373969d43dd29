import { expect, it } from "vitest";
import { ageSince, humanDuration } from "./human-duration.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

it.each([
  [-2 * second, "<invalid>"],
  [-1 * second, "0s"],
  [0, "0s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [2 * minute + 5 * second, "2m5s"],
  [10 * minute + 5 * second, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 59 * minute, "7h59m"],
  [47 * hour, "47h"],
  [2 * day, "2d"],
  [7 * day + 23 * hour, "7d23h"],
  [8 * day + 23 * hour, "8d"],
  [729 * day, "729d"],
  [730 * day, "2y"],
  [2 * 365 * day + 3 * day, "2y3d"],
  [9 * 365 * day, "9y"],
])("%d ms is %s", (durationMs, text) => {
  expect(humanDuration(durationMs)).toBe(text);
});

it("counts from a time", () => {
  expect(ageSince("2026-01-01T00:00:00Z", Date.parse("2026-01-02T00:00:00Z"))).toBe("24h");
  expect(ageSince(undefined, 0)).toBe("<unknown>");
});
