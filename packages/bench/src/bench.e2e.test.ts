import { describe, expect, it } from "vitest";
import { SECTIONS } from "./sections.ts";

// The sections without an obstacle run with the unit tests.
describe("the benchmarks with other programs, on tiny input", () => {
  for (const { name, obstacle, run } of SECTIONS.filter((section) => section.obstacle !== undefined)) {
    const why = obstacle?.();
    it.skipIf(why !== undefined)(
      `${name}: every figure has a value for each run${why === undefined ? "" : ` (skipped: ${why})`}`,
      async () => {
        const measurements = await run(true);
        expect(measurements.length).toBeGreaterThan(0);
        for (const { name: figure, values } of measurements) {
          expect(values.length, figure).toBeGreaterThan(0);
          expect(
            values.filter((value) => !Number.isFinite(value) || value < 0),
            figure,
          ).toEqual([]);
        }
      },
    );
  }
});
