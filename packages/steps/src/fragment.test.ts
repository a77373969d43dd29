import { describe, expect, it } from "vitest";
import { occursIn } from "./fragment.ts";

const whole = { spec: { template: { containers: [{ name: "a", ports: [{ port: 1 }, { port: 2 }] }, { name: "b" }] } } };

describe("occursIn", () => {
  it.each([
    ["a list entry deep inside", [{ name: "b" }], true],
    ["some entries of a list, in another order", { ports: [{ port: 2 }, { port: 1 }] }, true],
    ["a value that differs", { ports: [{ port: 3 }] }, false],
    ["keys of two different entries", { name: "b", ports: [] }, false],
    ["the whole", whole, true],
  ])("%s", (_name, part, expected) => {
    expect(occursIn(part, whole)).toBe(expected);
  });
});
