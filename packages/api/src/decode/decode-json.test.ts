import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeJson } from "./decode-json.ts";
import { DecodeError } from "./decode-error.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("decodeJson", () => {
  it.each<[name: string, text: string, value: unknown]>([
    ["an object", '{"a": [1, -2, 0.5, 1e3, true, false, null, "x"]}', { a: [1, -2, 0.5, 1000, true, false, null, "x"] }],
    ["escapes", String.raw`"\"\\\/\b\f\n\r\té\ud83d\ude00"`, '"\\/\b\f\n\r\té😀'],
    ["the largest exact integer", "9007199254740991", Number.MAX_SAFE_INTEGER],
    ["integers of 64 bits", "[9007199254740993, -9223372036854775808]", [9007199254740993n, -(2n ** 63n)]],
    ["a negative zero", "-0", -0],
    ["NUL in a string", String.raw`"\u0000"`, "\0"],
    ["empty containers", '{"a":{},"b":[]}', { a: {}, b: [] }],
    ["a colon in a string", '{"a":"b:c:{"}', { a: "b:c:{" }],
  ])("reads %s", (_name, text, value) => {
    expect(decodeJson(text).value).toEqual(value === 0 ? expect.closeTo(0) : value);
    expect(decodeJson(new TextEncoder().encode(text)).duplicates).toEqual([]);
  });

  it.each<[name: string, input: string | Uint8Array, message: string]>([
    ["nothing", "", "unexpected end of JSON input"],
    ["a truncated object", '{"a":', "unexpected end of JSON input"],
    ["a trailing comma", '{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ["something behind the value", "{} x", "invalid character 'x' after top-level value"],
    ["single quotes", "{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ["a missing colon", '{"a" 1}', "invalid character '1' after object key"],
    ["a leading zero", "01", "invalid character '1' after top-level value"],
    ["a lone minus", "-", "unexpected end of JSON input"],
    ["a misspelt literal", "trux", "invalid character 'x' in literal true (expecting 'e')"],
    ["a control character", '"\u0001"', "invalid character '\\x01' in string literal"],
    ["an unknown escape", String.raw`"\x"`, "invalid character 'x' in string escape code"],
    ["NaN", "NaN", "invalid character 'N' looking for beginning of value"],
    ["a byte order mark", bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), "invalid character 'ï' looking for beginning of value"],
    ["invalid UTF-8", bytes(0x22, 0xff, 0x22), "invalid UTF-8"],
    ["half a surrogate pair", String.raw`{"a":"\ud800"}`, "invalid surrogate pair in string literal"],
    ["half a surrogate pair in text", '"\ud800"', "invalid surrogate pair"],
    ["an integer beyond 64 bits", '{"a":9223372036854775808}', "number 9223372036854775808 cannot be kept exactly"],
    ["a number beyond doubles", "1e400", "json: cannot unmarshal number 1e400 into Go value of type float64"],
    ["deep nesting", "[".repeat(501) + "]".repeat(501), "exceeded max depth"],
    ["very deep nesting", "[".repeat(1_500_000), "exceeded max depth"],
    ["deep objects", '{"a":'.repeat(501) + "1" + "}".repeat(501), "exceeded max depth"],
  ])("refuses %s", (_name, input, message) => {
    expect(() => decodeJson(input)).toThrow(new DecodeError(message));
  });

  it("refuses large documents", () => {
    expect(() => decodeJson('"123456789"', { maxBytes: 10 })).toThrow("document is larger than 10 bytes");
  });

  it("reads nesting up to the limit", () => {
    expect(() => decodeJson("[".repeat(500) + "]".repeat(500))).not.toThrow();
  });

  it.each<[text: string, duplicates: string[]]>([
    ['{"a":1,"a":2}', ["a"]],
    ['{"a":1,"a":2,"a":3}', ["a"]],
    ['{"s":{"l":[{"n":1},{"n":1,"n":2}]},"x":0,"x":1}', ["s.l[1].n", "x"]],
    ['{"a":{"b":1},"a":{"b":2}}', ["a"]],
    [String.raw`{"a":1,"\u0061":2}`, ["a"]],
    ['{"__proto__":1,"__proto__":2}', ["__proto__"]],
    ['{"1":1,"1":2}', ["1"]],
  ])("finds duplicate fields of %s; the last one counts", (text, duplicates) => {
    const decoded = decodeJson(text);
    expect(decoded.duplicates).toEqual(duplicates);
    expect(decoded.value).toEqual(JSON.parse(text));
  });

  it("keeps the spelling of numbers with a fraction or an exponent", () => {
    expect([...decodeJson('{"a":[3.0,{"b":1e2}],"c":3}').decimals]).toEqual([
      ["a[0]", "3.0"],
      ["a[1].b", "1e2"],
    ]);
  });

  it("makes keys of prototypes ordinary fields", () => {
    const { value } = decodeJson('{"__proto__":{"polluted":true},"constructor":1,"a":1e1}');
    expect(Object.keys(value as object)).toEqual(["__proto__", "constructor", "a"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("agrees with JSON.parse about every JSON text, whichever way it takes", () => {
    const slowPath = (text: string): string => `{"value":${text},"marker":1.0}`;
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        if (!text.isWellFormed() || /\d{16}/.test(text) || /e[+]?\d{3}/i.test(text)) return;
        const expected: unknown = JSON.parse(text);
        if (/\\u[dD][89a-fA-F]/.test(text)) return;
        expect(decodeJson(text).value).toEqual(expected);
        expect((decodeJson(slowPath(text)).value as { value: unknown }).value).toEqual(expected);
      }),
    );
  });
});
