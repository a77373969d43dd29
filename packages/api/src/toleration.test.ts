import { expect, it } from "vitest";
import type { Taint, Toleration } from "./generated/types.ts";
import { tolerates, untolerated } from "./toleration.ts";

const GPU: Taint = { key: "gpu", value: "5", effect: "NoSchedule" };

it.each<[string, Toleration, boolean]>([
  ["the same key, value and effect", { key: "gpu", operator: "Equal", value: "5", effect: "NoSchedule" }, true],
  ["no operator is Equal", { key: "gpu", value: "5" }, true],
  ["another value", { key: "gpu", value: "6" }, false],
  ["any value", { key: "gpu", operator: "Exists" }, true],
  ["any taint", { operator: "Exists" }, true],
  ["any taint of another effect", { operator: "Exists", effect: "NoExecute" }, false],
  ["another key", { key: "disk", operator: "Exists" }, false],
  ["more than it asks for", { key: "gpu", operator: "Gt", value: "4" }, true],
  ["not more than it asks for", { key: "gpu", operator: "Gt", value: "5" }, false],
  ["less than it allows", { key: "gpu", operator: "Lt", value: "6" }, true],
  ["a limit that is no number", { key: "gpu", operator: "Lt", value: "6x" }, false],
  ["an operator that nobody knows", { key: "gpu", operator: "Near", value: "5" }, false],
])("tolerates a taint: %s", (_name, toleration, expected) => {
  expect(tolerates(toleration, GPU)).toBe(expected);
});

it("finds the first taint that nothing tolerates", () => {
  const disk: Taint = { key: "disk", effect: "NoExecute" };
  expect(untolerated([GPU, disk], [{ key: "gpu", operator: "Exists" }])).toBe(disk);
  expect(untolerated([GPU, disk], [{ operator: "Exists" }])).toBeUndefined();
});
