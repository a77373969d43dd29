import { expect, it } from "vitest";
import { semanticEqual } from "./semantic-equal.ts";

it.each<[unknown, unknown, boolean]>([
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: [] }, {}, true],
  [{ a: null }, {}, true],
  [{ resources: {} }, {}, true],
  [{ hostNetwork: false, port: 0, host: "" }, {}, true],
  [{ a: [1, 2] }, { a: [2, 1] }, false],
  [{ a: "1" }, { a: 1 }, false],
  [{ a: true }, {}, false],
  [{ a: { b: "c" } }, { a: {} }, false],
  [[{ a: 1 }], [{ a: 1 }], true],
  [[], {}, false],
  [{ podSelector: {} }, {}, false],
  [JSON.parse('{"__proto__":{"a":1}}'), {}, false],
])("%j and %j: %s", (a, b, expected) => {
  expect(semanticEqual(a, b)).toBe(expected);
  expect(semanticEqual(b, a)).toBe(expected);
});
