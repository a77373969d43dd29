import { describe, expect, it } from "vitest";
import { checkFieldSelector, matchesFields, parseFieldSelector } from "./field-selector.ts";
import { configMapKind } from "./kinds/config-map.ts";
import type { KindDefinition } from "./kind.ts";

describe("parseFieldSelector", () => {
  it.each([
    ["", []],
    ["a=b", [{ field: "a", operator: "=", value: "b" }]],
    [
      "a==b,c!=d",
      [
        { field: "a", operator: "=", value: "b" },
        { field: "c", operator: "!=", value: "d" },
      ],
    ],
    ["a=", [{ field: "a", operator: "=", value: "" }]],
    ["a=b\\,c\\=d\\\\", [{ field: "a", operator: "=", value: "b,c=d\\" }]],
  ])("%s", (text, expected) => {
    expect(parseFieldSelector(text)).toEqual(expected);
  });

  it.each([
    ["a", "invalid selector: 'a'; can't understand 'a'"],
    ["a=b=c", "unescaped character in value: ="],
    ["a=\\x", "invalid escape sequence: \\x"],
  ])("refuses %s", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });
});

describe("matching", () => {
  const kind = {
    ...configMapKind,
    fieldSelectors: { "data.x": (map: { data?: Record<string, string> }) => map.data?.x ?? "" },
  } as KindDefinition;

  it("compares names and the kind's own fields", () => {
    const object = { metadata: { name: "a", namespace: "n" }, data: { x: "1" } };
    expect(matchesFields(kind, parseFieldSelector("metadata.name=a,metadata.namespace!=m,data.x=1"), object)).toBe(true);
    expect(matchesFields(kind, parseFieldSelector("data.x!=1"), object)).toBe(false);
  });

  it("refuses unknown fields", () => {
    expect(() => checkFieldSelector(kind, parseFieldSelector("data.y=1"))).toThrow("field label not supported: data.y");
    expect(() => checkFieldSelector(configMapKind as KindDefinition, parseFieldSelector("data.y=1"))).toThrow(
      '"data.y" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });
});
