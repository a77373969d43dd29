import { deepFreeze } from "@skiff/base";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../json-value.ts";
import { StatusError } from "../status.ts";
import { applyJsonPatch } from "./json-patch.ts";

function codeOf(document: JsonValue, patch: JsonValue): number {
  try {
    applyJsonPatch(document, patch);
  } catch (error) {
    if (error instanceof StatusError) return error.code;
    throw error;
  }
  throw new Error("was not refused");
}

describe("applyJsonPatch", () => {
  it.each<[name: string, document: JsonValue, patch: JsonValue, result: JsonValue]>([
    ["adds a field", { a: 1 }, [{ op: "add", path: "/b", value: { c: 2 } }], { a: 1, b: { c: 2 } }],
    ["adds null", {}, [{ op: "add", path: "/b", value: null }], { b: null }],
    ["inserts an item", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
    ["appends an item", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
    ["appends by index", { a: [1] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2] }],
    [
      "removes a field and an item",
      { a: [1, 2], b: 1 },
      [
        { op: "remove", path: "/a/0" },
        { op: "remove", path: "/b" },
      ],
      { a: [2] },
    ],
    ["replaces", { a: { b: 1 } }, [{ op: "replace", path: "/a/b", value: [1] }], { a: { b: [1] } }],
    ["replaces the document", { a: 1 }, [{ op: "replace", path: "", value: { b: 1 } }], { b: 1 }],
    ["moves", { a: { b: 1 }, c: {} }, [{ op: "move", from: "/a/b", path: "/c/d" }], { a: {}, c: { d: 1 } }],
    [
      "copies",
      { a: [1] },
      [
        { op: "copy", from: "/a", path: "/b" },
        { op: "add", path: "/b/-", value: 2 },
      ],
      { a: [1], b: [1, 2] },
    ],
    ["tests", { a: { x: 1, y: [null] } }, [{ op: "test", path: "/a", value: { y: [null], x: 1 } }], { a: { x: 1, y: [null] } }],
    [
      "reads escapes",
      { "a/b": 1, "c~d": 2 },
      [
        { op: "remove", path: "/a~1b" },
        { op: "remove", path: "/c~0d" },
      ],
      {},
    ],
    ["knows the empty key", { "": 1 }, [{ op: "replace", path: "/", value: 2 }], { "": 2 }],
    ["does nothing", { a: 1 }, [], { a: 1 }],
  ])("%s", (_name, document, patch, result) => {
    expect(applyJsonPatch(deepFreeze(document), deepFreeze(patch))).toEqual(result);
  });

  it.each<[name: string, document: JsonValue, patch: JsonValue, code: number]>([
    ["what is no list", {}, { op: "add" }, 400],
    ["what is no operation", {}, ["add"], 400],
    ["an unknown operation", {}, [{ op: "merge", path: "/a" }], 422],
    ["a missing path", {}, [{ op: "add", value: 1 }], 422],
    ["a missing value", {}, [{ op: "add", path: "/a" }], 422],
    ["a failing test", { a: 1 }, [{ op: "test", path: "/a", value: 2 }], 422],
    ["a test of a missing field", {}, [{ op: "test", path: "/a", value: null }], 422],
    ["removal of a missing field", {}, [{ op: "remove", path: "/a" }], 422],
    ["replacement of a missing field", {}, [{ op: "replace", path: "/a", value: 1 }], 422],
    ["a missing container", {}, [{ op: "add", path: "/a/b", value: 1 }], 422],
    ["a scalar as container", { a: 1 }, [{ op: "add", path: "/a/b", value: 1 }], 422],
    ["a negative index", { a: [1] }, [{ op: "remove", path: "/a/-1" }], 422],
    ["an index beyond the end", { a: [1] }, [{ op: "add", path: "/a/2", value: 1 }], 422],
    ["an index with a zero in front", { a: [1, 2] }, [{ op: "remove", path: "/a/01" }], 422],
    ["an unknown escape", { a: 1 }, [{ op: "remove", path: "/~2" }], 422],
    ["a pointer without slash", { a: 1 }, [{ op: "remove", path: "a" }], 422],
    ["a move into itself", { a: { b: {} } }, [{ op: "move", from: "/a", path: "/a/b/c" }], 422],
    ["fields of prototypes", {}, [{ op: "add", path: "/constructor/prototype/x", value: 1 }], 422],
    ["too many operations", {}, Array.from({ length: 10_001 }, () => ({ op: "test", path: "", value: {} })), 413],
    [
      "copies that double",
      { a: "x".repeat(1024) },
      Array.from({ length: 64 }, (_, index) => ({ op: "copy", from: "", path: `/b${index}` })),
      413,
    ],
  ])("refuses %s", (_name, document, patch, code) => {
    expect(codeOf(document, patch)).toBe(code);
  });

  it("treats __proto__ as data", () => {
    const result = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    expect(Object.keys(result as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
