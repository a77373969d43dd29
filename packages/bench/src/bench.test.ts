import { describe, expect, it } from "vitest";
import { compareStarts } from "./compared.ts";
import { formatTable, median, percentile, ratio, type Measurement } from "./measurement.ts";
import { SECTIONS } from "./sections.ts";

describe("the benchmarks, on tiny input", () => {
  // What needs the built command or other programs runs in the end-to-end tests.
  for (const section of SECTIONS.filter(({ obstacle }) => obstacle === undefined)) {
    it(`${section.name}: every figure has a value for each run`, async () => {
      const measurements = await section.run(true);
      expect(measurements.length).toBeGreaterThan(0);
      for (const { name, values } of measurements) {
        expect(values.length, name).toBeGreaterThan(0);
        expect(
          values.every((value) => Number.isFinite(value) && value >= 0),
          name,
        ).toBe(true);
      }
    });
  }
});

describe("the figures", () => {
  const ours: Measurement = { name: "in-process cluster: start to ready", unit: "ms", values: [100, 300, 200] };
  const theirs: Measurement = { name: "etcd + kube-apiserver: start to ready", unit: "ms", values: [4000] };

  it("have a middle and percentiles", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(percentile([10, 20, 30, 40, 50], 95)).toBeCloseTo(48);
    expect(percentile([7], 95)).toBe(7);
  });

  it("are compared with what was measured in the same run only", () => {
    expect(compareStarts([ours])[0]?.against).toBeUndefined();
    const [compared] = compareStarts([ours, theirs]);
    expect(ratio(compared!, [ours, theirs])).toBe(0.05);
    expect(ratio(compared!, [ours])).toBeUndefined();
  });

  it("make a table", () => {
    expect(formatTable(compareStarts([ours, theirs])).split("\n")).toEqual([
      "what                                   median  unit  from – to    runs  compared",
      "in-process cluster: start to ready     200     ms    100 – 300    3     0.0500 × etcd + kube-apiserver: start to ready",
      "etcd + kube-apiserver: start to ready  4000    ms    4000 – 4000  1",
    ]);
  });
});
