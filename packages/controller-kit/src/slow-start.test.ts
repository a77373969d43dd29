import { expect, it } from "vitest";
import { compareRevisions } from "./own-writes.ts";
import { slowStart } from "./slow-start.ts";

it("begins with one attempt and doubles", async () => {
  const begun: number[] = [];
  const running = slowStart(10, async (index) => void begun.push(index));
  expect(begun).toEqual([0]);
  expect(await running).toEqual({ succeeded: 10, error: undefined, skipped: 0 });
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it("stops after the batch in which something failed", async () => {
  const failure = new Error("quota");
  const result = await slowStart(100, async (index) => {
    if (index === 4) throw failure;
  });
  // 1 + 2 + 4 were begun, one of them failed.
  expect(result).toEqual({ succeeded: 6, error: failure, skipped: 93 });
});

it.each([
  ["9", "10", -1],
  ["10", "9", 1],
  ["123", "123", 0],
  ["99999999999999999998", "99999999999999999999", -1],
])("orders revision %s against %s", (a, b, expected) => {
  expect(Math.sign(compareRevisions(a, b))).toBe(expected);
});
