import { expect, it } from "vitest";
import { mergeOrder } from "./merge-order.ts";

it.each([
  ["a", "b", "ab"],
  ["ab", "bc", "abc"],
  ["abc", "ca", "bca"],
  ["axb", "ba", "xba"],
  ["xab", "ba", "xba"],
  ["abx", "nb", "anbx"],
  ["", "ab", "ab"],
  ["ab", "", "ab"],
  ["axby", "ab", "axby"],
])("merges %j and the applied %j into %j", (live, applied, merged) => {
  const lists = { live: live.split(""), applied: applied.split("") };
  expect(
    mergeOrder(lists.live, lists.applied)
      .map(({ from, index }) => lists[from][index])
      .join(""),
  ).toBe(merged);
});
