import { describe, expect, it } from "vitest";
import { decodeYaml } from "./decode-yaml.ts";

describe("decodeYaml", () => {
  it.each<[name: string, text: string, value: unknown]>([
    ["nothing", "", null],
    ["YAML 1.1 words", "{a: yes, b: off, c: 'no', d: ~}", { a: true, b: false, c: "no", d: null }],
    ["integers of 64 bits", "a: 9007199254740993", { a: 9007199254740993n }],
    ["octal modes", "mode: 0644", { mode: 420 }],
    ["ports and dates as text", "{a: 22:22, b: 2001-12-14}", { a: "22:22", b: "2001-12-14" }],
    ["numbers as keys", "{1: a, true: b}", { "1": "a", true: "b" }],
    ["anchors and merge keys", "a: &x {b: 1}\nc: {<<: *x, d: 2}", { a: { b: 1 }, c: { b: 1, d: 2 } }],
    ["JSON", '{"a": [1.0, "x"]}', { a: [1, "x"] }],
    ["block text", "a: |\n  x\n  y\n", { a: "x\ny\n" }],
    ["binary text", "a: !!binary aGk=", { a: "hi" }],
    ["one document with marks", "---\na: 1\n...\n", { a: 1 }],
  ])("reads %s", (_name, text, value) => {
    expect(decodeYaml(text).value).toEqual(value);
  });

  it.each<[name: string, text: string, message: RegExp]>([
    ["tabs", "a:\n\t- b", /^error converting YAML to JSON: yaml: Tabs are not allowed as indentation[^\n]*$/],
    ["several documents", "a: 1\n---\nb: 1", /multiple documents/],
    ["an unbalanced list", "a: [1", /error converting YAML to JSON/],
    ["integers beyond 64 bits", "a: 9223372036854775808", /number 9223372036854775808 cannot be kept exactly/],
    ["infinity", "a: .inf", /unsupported value: Infinity/],
    ["deep flow nesting", "[".repeat(1_000_000), /exceeded max depth/],
    ["deep block nesting", "- ".repeat(100_000), /exceeded max depth/],
    ["nesting by indentation", Array.from({ length: 600 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"), /exceeded max depth/],
    [
      "an alias bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"].map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcde"[index]}`).join(",")}]`).join("\n")}`,
      /alias/,
    ],
    ["a large anchor with many aliases", `a: &a [${"x, ".repeat(2000)}]\nb: [${"*a, ".repeat(2000)}]`, /excessive aliasing/],
    ["half a surrogate pair", String.raw`a: "\ud800"`, /surrogate/],
  ])("refuses %s", (_name, text, message) => {
    expect(() => decodeYaml(text)).toThrow(message);
  });

  it("finds duplicate fields; the last one counts", () => {
    for (const text of ["a: 1\nb:\n- c: 1\n  c: 2\na:\n  3\n", '{"a": 1,\n"b":[\n{"c": 1,\n"c": 2}],"a":\n3}']) {
      const decoded = decodeYaml(text);
      expect(decoded.duplicates).toEqual([]);
      expect(decoded.repeatedKeys).toBe(
        'yaml: unmarshal errors:\n  line 4: key "c" already set in map\n  line 6: key "a" already set in map'.replace(
          "line 6",
          text.startsWith("{") ? "line 5" : "line 6",
        ),
      );
      expect(decoded.value).toEqual({ a: 3, b: [{ c: 2 }] });
    }
  });

  it("makes keys of prototypes ordinary fields", () => {
    expect(Object.keys(decodeYaml("__proto__: {a: 1}").value as object)).toEqual(["__proto__"]);
  });
});
