import { describe, expect, it } from "vitest";
import { AddressPool } from "./address-pool.ts";

describe("AddressPool", () => {
  it.each([
    ["10.244.3.0/24", ["10.244.3.2", "10.244.3.3"]],
    ["10.244.3.77/24", ["10.244.3.2", "10.244.3.3"]],
    ["192.168.255.252/29", ["192.168.255.250", "192.168.255.251"]],
    ["fd00:10:244::/64", ["fd00:10:244::2", "fd00:10:244::3"]],
  ])("leaves the gateway of %s out", (cidr, expected) => {
    const pool = new AddressPool(cidr);
    expect([pool.take().address, pool.take().address]).toEqual(expected);
  });

  it("uses an address again only after all others, and says when there is none left", () => {
    const pool = new AddressPool("10.0.0.0/29");
    const taken = Array.from({ length: 5 }, () => pool.take());
    expect(taken.map(({ address }) => address)).toEqual([2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`));
    expect(() => pool.take()).toThrow("no IP addresses available in range set");
    pool.release(4);
    pool.release(2);
    expect([pool.take().address, pool.take().address]).toEqual(["10.0.0.2", "10.0.0.4"]);
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "10.0.0/24", "10.0.0.256/24", "nonsense"])("refuses %s", (cidr) => {
    expect(() => new AddressPool(cidr)).toThrow("is not a range of addresses");
  });
});
