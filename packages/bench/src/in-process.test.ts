import { expect, it } from "vitest";
import { benchApi, benchDeployment, benchStart } from "./in-process.ts";
import { median } from "./measurement.ts";

it("runs every benchmark on tiny input, each giving a figure for each run", async () => {
  const size = { runs: 2, nodes: 2, replicas: 3, objects: 5, watchers: 3 };
  for (const bench of [benchStart, benchDeployment, benchApi]) {
    for (const measurement of await bench(size)) {
      expect(measurement.values, measurement.name).toHaveLength(2);
      expect(
        measurement.values.every((value) => Number.isFinite(value) && value >= 0),
        measurement.name,
      ).toBe(true);
    }
  }
});

it("finds the value in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});
