import { describe, expect, it } from "vitest";
import { addressAt, parseIpv4Range } from "./ip-range.ts";

describe("ranges of addresses", () => {
  it.each([
    ["172.30.0.0/24", 1, "172.30.0.1"],
    ["172.30.0.0/24", 255, "172.30.0.255"],
    ["172.30.0.77/24", 2, "172.30.0.2"],
    ["255.255.255.0/24", 3, "255.255.255.3"],
    ["10.0.0.0/8", 256 * 256, "10.1.0.0"],
  ])("of %s has number %i: %s", (cidr, offset, expected) => {
    expect(addressAt(parseIpv4Range(cidr), offset)).toBe(expected);
  });

  it("end", () => {
    expect(() => addressAt(parseIpv4Range("10.0.0.0/30"), 4)).toThrow(RangeError);
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.300/8", "fd00::/64"])("are not %s", (cidr) => {
    expect(() => parseIpv4Range(cidr)).toThrow(RangeError);
  });
});
