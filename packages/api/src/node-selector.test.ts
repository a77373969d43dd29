import { describe, expect, it } from "vitest";
import type { NodeSelectorTerm, PodSpec } from "./generated/types.ts";
import { nodeSelectorMatcher, requiredNodeMatcher, selectableNode } from "./node-selector.ts";

const node = selectableNode({ metadata: { name: "one", labels: { disk: "ssd", cores: "8" } } });

it.each<[string, NodeSelectorTerm[], boolean]>([
  ["a label", [{ matchExpressions: [{ key: "disk", operator: "In", values: ["ssd", "nvme"] }] }], true],
  ["a number", [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["4"] }] }], true],
  ["a number that is too small", [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["8"] }] }], false],
  ["a label that must not be there", [{ matchExpressions: [{ key: "gpu", operator: "DoesNotExist" }] }], true],
  ["the name", [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["one"] }] }], true],
  [
    "name and label, of which one does not fit",
    [
      {
        matchExpressions: [{ key: "disk", operator: "Exists" }],
        matchFields: [{ key: "metadata.name", operator: "In", values: ["two"] }],
      },
    ],
    false,
  ],
  [
    "the second of two terms",
    [{ matchExpressions: [{ key: "gpu", operator: "Exists" }] }, { matchExpressions: [{ key: "disk", operator: "Exists" }] }],
    true,
  ],
  ["an empty term", [{}], false],
  ["a requirement that is not valid", [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["many"] }] }], false],
])("a node selector: %s", (_name, nodeSelectorTerms, expected) => {
  expect(nodeSelectorMatcher({ nodeSelectorTerms })(node)).toBe(expected);
});

describe("requiredNodeMatcher", () => {
  const affinity = (values: string[]): PodSpec["affinity"] => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "In", values }] }],
      },
    },
  });
  it.each<[string, Partial<PodSpec>, boolean | undefined]>([
    ["nothing", {}, undefined],
    ["its labels", { nodeSelector: { disk: "ssd" } }, true],
    ["another label", { nodeSelector: { disk: "ssd", gpu: "yes" } }, false],
    ["its labels by affinity", { affinity: affinity(["ssd"]) }, true],
    ["both, of which one does not fit", { nodeSelector: { disk: "ssd" }, affinity: affinity(["hdd"]) }, false],
  ])("a Pod that requires %s", (_name, spec, expected) => {
    expect(requiredNodeMatcher({ spec: { containers: [], ...spec } })?.(node)).toBe(expected);
  });
});
