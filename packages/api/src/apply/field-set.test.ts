import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { difference, EMPTY_SET, fieldPaths, intersection, isFieldSet, sameSet, showPath, union, type FieldSet } from "./field-set.ts";

const element = fc.constantFrom("f:a", "f:b", "f:c", 'k:{"name":"x"}', 'v:"y"', "i:0");
const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

/** The set of these paths, built one by one. */
function setOf(list: readonly (readonly string[])[]): FieldSet {
  const one = (path: readonly string[]): FieldSet => path.reduceRight<FieldSet>((below, key) => ({ [key]: below }), EMPTY_SET);
  return list.reduce<FieldSet>((set, path) => union(set, one(path)), EMPTY_SET);
}

const keys = (set: FieldSet): Set<string> => new Set(fieldPaths(set).map((path) => path.join("/")));

describe("field sets", () => {
  it("are sets of paths", () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const a = setOf(left);
        const b = setOf(right);
        const inA = new Set(left.map((path) => path.join("/")));
        const inB = new Set(right.map((path) => path.join("/")));
        expect(keys(a)).toEqual(inA);
        expect(keys(union(a, b))).toEqual(new Set([...inA, ...inB]));
        expect(keys(intersection(a, b))).toEqual(new Set([...inA].filter((path) => inB.has(path))));
        expect(keys(difference(a, b))).toEqual(new Set([...inA].filter((path) => !inB.has(path))));
        const covered = (path: string): boolean => right.some((other) => `${path}/`.startsWith(`${other.join("/")}/`));
        expect(keys(difference(a, b, true))).toEqual(new Set([...inA].filter((path) => !covered(path))));
        expect(sameSet(a, b)).toBe(inA.size === inB.size && [...inA].every((path) => inB.has(path)));
      }),
    );
  });

  it("show paths as messages do", () => {
    expect(showPath(["f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name"])).toBe('.spec.ports[port=80,protocol="TCP"].name');
    expect(showPath(["f:metadata", "f:finalizers", 'v:"x"'])).toBe('.metadata.finalizers[="x"]');
  });

  it.each<[unknown, boolean]>([
    [{ "f:a": { ".": {}, 'k:{"n":1}': {} }, "i:0": {} }, true],
    [{ a: {} }, false],
    [{ "f:a": 1 }, false],
    [{ "k:{": {} }, false],
    [{ 'k:"a"': {} }, false],
    [{ "v:x": {} }, false],
    [{ "i:x": {} }, false],
    [[], false],
  ])("%j is one: %s", (value, expected) => {
    expect(isFieldSet(value)).toBe(expected);
  });
});
