import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { protobufFields, protobufText } from "./protobuf-fields.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

const fromHex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("protobuf", () => {
  // The first three vectors are those of the encoding guide of Protocol Buffers.
  it.each([
    ["a varint", new ProtobufWriter().number(1, 150), "08 9601"],
    ["a string", new ProtobufWriter().text(2, "testing"), "12 07 74657374696e67"],
    ["a nested message", new ProtobufWriter().message(3, new ProtobufWriter().number(1, 150).finish()), "1a 03 089601"],
    ["an empty nested message", new ProtobufWriter().message(3, new Uint8Array(0)), "1a 00"],
    ["a field number past one byte", new ProtobufWriter().number(64, 1), "8004 01"],
    ["a list of strings", new ProtobufWriter().texts(2, ["a", ""]), "12 01 61 12 00"],
    ["nothing for what is absent", new ProtobufWriter().text(1, undefined).texts(2, undefined).message(3, undefined), ""],
    ["no defaults", new ProtobufWriter().number(1, 0).flag(2, false).text(3, "").bytes(4, new Uint8Array(0)), ""],
  ])("writes %s", (_, writer, expected) => {
    expect(writer.finish().toString("hex")).toBe(expected.replaceAll(" ", ""));
  });

  it.each([
    ["a negative number", "08 ffffffffffffffffff01", -1],
    ["the largest exact number", "08 ffffffffffffff0f", Number.MAX_SAFE_INTEGER],
  ])("reads %s", (_, bytes, expected) => {
    expect([...protobufFields(fromHex(bytes))]).toEqual([{ number: 1, value: expected, bytes: new Uint8Array(0) }]);
  });

  it("reads numbers of 32 and 64 bits as their bytes", () => {
    const fields = Array.from(protobufFields(fromHex("0d 01020304 11 0102030405060708 18 05")), ({ bytes, value }) => [
      bytes.length,
      value,
    ]);
    expect(fields).toEqual([
      [4, 0],
      [8, 0],
      [0, 5],
    ]);
  });

  it.each([
    ["a string cut short", "0a 05 61"],
    ["a number cut short", "18 ff"],
    ["a number that is too long", "18 ffffffffffffffffffff01"],
    ["a group", "0b"],
    ["a length below 0", "0a ffffffffffffffffff01"],
    ["field 0", "00 01"],
  ])("refuses %s", (_, bad) => {
    expect(() => [...protobufFields(fromHex(bad))]).toThrow(RangeError);
  });

  it("reads what it wrote", () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.string({ unit: "binary", minLength: 1 }),
        fc.integer({ min: 1, max: 1000 }),
        (number, text, field) => {
          const [first, second] = protobufFields(
            new ProtobufWriter()
              .message(field, new ProtobufWriter().text(1, text).finish())
              .number(1, number || 1)
              .finish(),
          );
          expect(first!.number).toBe(field);
          expect(protobufText([...protobufFields(first!.bytes)][0]!.bytes)).toBe(text);
          expect(second!.value).toBe(number || 1);
        },
      ),
    );
  });
});
