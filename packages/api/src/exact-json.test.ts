import { expect, it } from "vitest";
import { readJson, writeJson } from "./exact-json.ts";

it.each([
  '{"a":9223372036854775807,"b":[-9223372036854775808,9007199254740993],"c":{"d":1}}',
  "[9007199254740993]",
  "9223372036854775807",
  '{"text":"9223372036854775807","hash":"sha256:1234567890123456789"}',
  '{"a":[],"b":{},"c":null,"d":9007199254740993}',
])("keeps every digit of %s", (text) => {
  expect(writeJson(readJson(text))).toBe(text);
});

it("reads small numbers as numbers, and those beyond 64 bits as upstream does", () => {
  expect(readJson("[1234567890123456, 1.5, 18446744073709551616, 1e300]")).toEqual([1234567890123456, 1.5, 2 ** 64, 1e300]);
  expect(() => readJson('{"a": 12345678901234567890')).toThrow(SyntaxError);
});

it("writes what JSON.stringify writes, indented too, and bigints as numbers", () => {
  const value = { b: [1, "x", undefined, [], {}], a: { skipped: undefined, c: null, "__\u2028": true } };
  for (const indent of [0, 2, 4]) {
    expect(writeJson(value, indent)).toBe(JSON.stringify(value, undefined, indent));
    expect(writeJson({ ...value, big: 2n ** 62n }, indent)).toBe(
      JSON.stringify({ ...value, big: 0 }, undefined, indent).replace(/"big":( ?)0/, `"big":$1${2n ** 62n}`),
    );
  }
});
