import { expect, it } from "vitest";
import { inFieldOrder } from "./field-set-order.ts";

const keysOf = (set: object): string[] => Object.keys(set);

it("puts elements into upstream's order at every level", () => {
  const set = {
    "f:spec": {
      "f:ports": {
        'k:{"port":443,"protocol":"TCP"}': { "f:port": {}, ".": {}, "f:name": {} },
        'k:{"port":80,"protocol":"UDP"}': {},
        'k:{"port":80,"protocol":"TCP"}': {},
      },
    },
    "f:metadata": { "f:finalizers": { 'v:"b"': {}, ".": {}, 'v:"a"': {} } },
  };
  const sorted = inFieldOrder(set) as typeof set;
  expect(sorted).toEqual(set);
  expect(keysOf(sorted)).toEqual(["f:metadata", "f:spec"]);
  expect(keysOf(sorted["f:metadata"]["f:finalizers"])).toEqual([".", 'v:"a"', 'v:"b"']);
  const ports = sorted["f:spec"]["f:ports"];
  // Numbers are compared as numbers.
  expect(keysOf(ports)).toEqual(['k:{"port":80,"protocol":"TCP"}', 'k:{"port":80,"protocol":"UDP"}', 'k:{"port":443,"protocol":"TCP"}']);
  expect(keysOf(ports['k:{"port":443,"protocol":"TCP"}'])).toEqual([".", "f:name", "f:port"]);
  expect(inFieldOrder(sorted)).toBe(sorted);
  expect(keysOf(inFieldOrder({ "i:10": {}, "i:9": {} }))).toEqual(["i:9", "i:10"]);
});

it("answers the same object when it is in order", () => {
  const set = { "f:a": { "f:b": {} }, "f:c": {} };
  expect(inFieldOrder(set)).toBe(set);
});
