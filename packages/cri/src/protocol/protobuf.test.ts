import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bool, bytes, enumeration, int, message, nested, repeated, string, stringMap, uint } from "./protobuf.ts";

const Inner = message({ id: int(1), note: string(2) });
const Outer = message({
  text: string(1),
  flag: bool(2),
  signed: int(3),
  unsigned: uint(4),
  colour: enumeration(5, ["RED", "GREEN", "BLUE"]),
  data: bytes(6),
  inner: nested(7, Inner),
  words: repeated(string(8)),
  numbers: repeated(int(9)),
  inners: repeated(nested(10, Inner)),
  labels: stringMap(11),
  far: uint(1000),
});

const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
const fromHex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("protobuf", () => {
  // The vectors follow from the encoding guide of Protocol Buffers; the first three are its own examples.
  it.each([
    ["a varint", { signed: 150 }, "18 9601"],
    ["a string", { text: "testing" }, "0a 07 74657374696e67"],
    ["packed numbers", { numbers: [3, 270, 86_942] }, "4a 06 03 8e02 9ea705"],
    ["a negative number", { signed: -2 }, "18 feffffffffffffffff01"],
    ["a nested message", { inner: { id: 150 } }, "3a 03 089601"],
    ["an empty nested message", { inner: {} }, "3a 00"],
    ["a map", { labels: { a: "b" } }, "5a 06 0a0161 120162"],
    ["an enumeration by its number", { colour: "BLUE" as const }, "28 02"],
    ["a field number past one byte", { far: 1 }, "c03e 01"],
    ["no defaults", { text: "", flag: false, signed: 0, colour: "RED" as const, words: [], labels: {} }, ""],
  ])("encodes %s", (_, value, expected) => {
    expect(hex(Outer.encode(value))).toBe(expected.replaceAll(" ", ""));
  });

  it("reads absent fields as their defaults", () => {
    expect(Outer.decode(new Uint8Array(0))).toEqual({
      text: "",
      flag: false,
      signed: 0,
      unsigned: 0,
      colour: "RED",
      data: new Uint8Array(0),
      inner: undefined,
      words: [],
      numbers: [],
      inners: [],
      labels: {},
      far: 0,
    });
  });

  it.each([
    ["a varint", "f807 01"],
    ["64 bits", "f907 0102030405060708"],
    ["a string", "fa07 02 6161"],
    ["32 bits", "fd07 01020304"],
  ])("passes over an unknown field of %s", (_, unknown) => {
    expect(Outer.decode(fromHex(`${unknown} 0a 01 78`)).text).toBe("x");
  });

  it("reads numbers of a list that are not packed", () => {
    expect(Outer.decode(fromHex("48 03 48 04")).numbers).toEqual([3, 4]);
  });

  it("keeps a key that objects inherit as an ordinary key", () => {
    const { labels } = Outer.decode(Outer.encode({ labels: JSON.parse('{"__proto__": "x"}') as Record<string, string> }));
    expect(Object.entries(labels)).toEqual([["__proto__", "x"]]);
  });

  it.each([
    ["a string cut short", "0a 05 61"],
    ["a number cut short", "18 ff"],
    ["a number that is too long", "18 ffffffffffffffffffff01"],
    ["a field that reaches past its message", "3a 02 0896 01"],
    ["a group", "0b"],
  ])("refuses %s", (_, bad) => {
    expect(() => Outer.decode(fromHex(bad))).toThrow(RangeError);
  });

  it("reads what it wrote", () => {
    const inner = fc.record({ id: fc.maxSafeInteger(), note: fc.string({ unit: "grapheme" }) });
    const value = fc.record({
      text: fc.string({ unit: "binary" }),
      flag: fc.boolean(),
      signed: fc.maxSafeInteger(),
      unsigned: fc.maxSafeNat(),
      colour: fc.constantFrom("RED", "GREEN", "BLUE"),
      data: fc.uint8Array(),
      inner: fc.option(inner, { nil: undefined }),
      words: fc.array(fc.string()),
      numbers: fc.array(fc.maxSafeInteger()),
      inners: fc.array(inner),
      labels: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
      far: fc.nat(),
    });
    fc.assert(
      fc.property(value, (each) => {
        expect(Outer.decode(Outer.encode(each))).toEqual(each);
      }),
    );
  });
});
