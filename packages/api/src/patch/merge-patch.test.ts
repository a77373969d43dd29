import { deepFreeze } from "@skiff/base";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../json-value.ts";
import { applyMergePatch, createThreeWayMergePatch } from "./merge-patch.ts";

describe("applyMergePatch", () => {
  // The examples of RFC 7386, appendix A, whose patches are objects.
  it.each<[target: JsonValue, patch: JsonValue, result: JsonValue]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("%j + %j = %j", (target, patch, result) => {
    expect(applyMergePatch(deepFreeze(target), deepFreeze(patch))).toEqual(result);
  });

  it.each([[[]], [null], ["x"], [1]])("refuses the patch %j", (patch) => {
    expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ reason: "BadRequest" }));
  });

  it("treats __proto__ as data", () => {
    const result = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}') as JsonValue);
    expect(Object.keys(result as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("createThreeWayMergePatch", () => {
  it.each<[name: string, original: JsonObject, modified: JsonObject, current: JsonObject, patch: JsonObject]>([
    ["nothing", { a: 1 }, { a: 1 }, { a: 1, own: 2 }, {}],
    ["a change", { a: { b: 1 } }, { a: { b: 2 } }, { a: { b: 1, c: 1 } }, { a: { b: 2 } }],
    ["a field put right", { a: 1 }, { a: 1 }, { a: 5 }, { a: 1 }],
    ["a removal", { a: { b: 1, c: 1 } }, { a: { b: 1 } }, { a: { b: 1, c: 7, d: 1 } }, { a: { c: null } }],
    ["a removal of what is gone", { a: 1 }, {}, {}, {}],
    ["a list", { l: [1] }, { l: [1, 2] }, { l: [1] }, { l: [1, 2] }],
  ])("makes the patch for %s", (_name, original, modified, current, patch) => {
    expect(createThreeWayMergePatch(original, modified, current)).toEqual(patch);
  });
});
