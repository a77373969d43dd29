import { describe, expect, it } from "vitest";
import { canonicalQuantity, parseQuantity, Quantity, QuantityError, tryParseQuantity } from "./quantity.ts";

describe("canonical form", () => {
  it.each([
    ["0", "0"],
    ["0Ki", "0"],
    ["0.5", "500m"],
    ["1.5", "1500m"],
    ["1000m", "1"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1000Ki", "1000Ki"],
    ["512", "512"],
    ["0.5Ki", "512"],
    ["1Ki", "1Ki"],
    ["1.1Ki", "1126400m"],
    ["1000", "1k"],
    ["1100", "1100"],
    ["1000000k", "1G"],
    ["1e3", "1e3"],
    ["100e3", "100e3"],
    ["1E3", "1e3"],
    ["1E", "1E"],
    ["12e5", "1200e3"],
    ["0.0000000001", "1n"],
    ["-0.0000000001", "-1n"],
    ["-1500m", "-1500m"],
    ["+1", "1"],
    [".5", "500m"],
    ["5.", "5"],
    ["100000Ei", "9223372036854775807"],
    ["9223372036854775807", "9223372036854775807"],
    ["1e20", "9223372036854775807"],
    ["9007199254740993", "9007199254740993"],
  ])("%s prints as %s", (text, canonical) => {
    expect(parseQuantity(text).toString()).toBe(canonical);
    // The canonical form is a fixed point.
    expect(parseQuantity(canonical).toString()).toBe(canonical);
  });

  it("takes JSON numbers and leaves alone what is no quantity", () => {
    expect(canonicalQuantity(0.5)).toBe("500m");
    expect(canonicalQuantity("much")).toBe("much");
  });
});

describe("refuses", () => {
  it.each(["", ".", "-", "1 ", " 1", "0x10", "1.1.1", "1+1", "aoeu", "1e999999", "1e-999999", "1".repeat(300), "١"])("%j", (text) => {
    expect(() => parseQuantity(text)).toThrow(QuantityError);
    expect(tryParseQuantity(text)).toBeUndefined();
  });

  it.each(["1i", "1K", "0.1mi", "-3.01e-", "1ee3", "1Mii"])("the suffix of %s", (text) => {
    expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix");
  });
});

describe("arithmetic", () => {
  it.each([
    ["100m", "0.1", 0],
    ["1Gi", "1G", 1],
    ["-1", "0", -1],
    ["9223372036854775807", "9223372036854775806", 1],
  ])("compares %s with %s", (a, b, expected) => {
    expect(parseQuantity(a).compare(parseQuantity(b))).toBe(expected);
  });

  it("adds exactly and keeps the format", () => {
    const sum = parseQuantity("1Gi").add(parseQuantity("512Mi"));
    expect(sum.toString()).toBe("1536Mi");
    expect(Quantity.zero.add(parseQuantity("1Ki")).toString()).toBe("1Ki");
    expect(parseQuantity("0.1").add(parseQuantity("0.2")).toString()).toBe("300m");
    expect(parseQuantity("1").sub(parseQuantity("1500m")).toString()).toBe("-500m");
  });

  it("rounds whole and thousandths away from zero", () => {
    expect(parseQuantity("1n").milliValue()).toBe(1n);
    expect(parseQuantity("1001m").value()).toBe(2n);
    expect(parseQuantity("-1001m").value()).toBe(-2n);
    expect(parseQuantity("250m").toNumber()).toBe(0.25);
  });
});
