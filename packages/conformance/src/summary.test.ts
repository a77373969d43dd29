import { expect, it } from "vitest";
import { compareWithKnown } from "./known-failures.ts";
import type { TestResult } from "./results.ts";
import { formatSummary, summarise } from "./summary.ts";

const RESULTS: readonly TestResult[] = [
  { name: "[sig-node] a", state: "passed" },
  { name: "[sig-apps] b", state: "failed" },
  { name: "[sig-apps] c", state: "passed" },
  { name: "[sig-apps] d", state: "skipped" },
  { name: "e", state: "passed" },
];

it("counts by area, with the sum below and a line that programs can read at the end", () => {
  expect(formatSummary(summarise(RESULTS))).toBe(
    [
      "| area     | passed | failed | skipped |",
      "|----------|-------:|-------:|--------:|",
      "| other    |      1 |      0 |       0 |",
      "| sig-apps |      1 |      1 |       1 |",
      "| sig-node |      1 |      0 |       0 |",
      "| all      |      3 |      1 |       1 |",
      "",
      "3 passed, 1 failed, 1 skipped",
    ].join("\n"),
  );
});

it("tells regressions and repairs from failures that are known", () => {
  const known = [
    { name: "[sig-apps] b", reason: "not built yet" },
    { name: "[sig-apps] c", reason: "flaky" },
    { name: "[sig-apps] z", reason: "not part of this run" },
  ];
  expect(compareWithKnown(RESULTS, known)).toEqual({ regressions: [], repaired: ["[sig-apps] c"] });
  expect(compareWithKnown(RESULTS, []).regressions.map(({ name }) => name)).toEqual(["[sig-apps] b"]);
});
