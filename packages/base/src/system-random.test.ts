import { describe, expect, it } from "vitest";
import { systemRandom } from "./system-random.ts";

describe("systemRandom", () => {
  it.each([0, 1, 16, 4095, 4096, 4097, 100_000])("gives %i bytes of the caller's own", (length) => {
    const bytes = systemRandom.bytes(length);
    expect(bytes).toHaveLength(length);
    expect(bytes.byteOffset).toBe(0);
    expect(bytes.buffer.byteLength).toBe(length);
  });

  it("gives no byte twice and no cleared one, over many fillings of the pool", () => {
    const seen = new Set<string>();
    for (let index = 0; index < 2000; index++) {
      systemRandom.next();
      seen.add(Buffer.from(systemRandom.bytes(13)).toString("hex"));
    }
    expect(seen.size).toBe(2000);
  });

  it("gives numbers from 0 to 1, evenly", () => {
    const numbers = Array.from({ length: 10_000 }, () => systemRandom.next());
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(9990);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
  });
});
