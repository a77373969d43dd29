import { describe, expect, it } from "vitest";
import { focusPattern, parseTestList, planBatches, selectTests } from "./selection.ts";

const NAMES = ["[sig-apps] a [Conformance]", "[sig-apps] b", "[sig-node] c [Serial] [Conformance]", "[sig-node] d (x.y) [Conformance]"];

describe("selectTests", () => {
  it("takes conformance tests only", () => {
    expect(selectTests(NAMES, {}, [])).toEqual([NAMES[0], NAMES[2], NAMES[3]]);
  });

  it("narrows by focus and skip", () => {
    expect(selectTests(NAMES, { focus: /sig-node/, skip: /Serial/ }, [])).toEqual([NAMES[3]]);
  });

  it("does not repeat what passed, but what failed", () => {
    const earlier = [
      { name: NAMES[0] ?? "", state: "passed" },
      { name: NAMES[2] ?? "", state: "failed" },
    ] as const;
    expect(selectTests(NAMES, {}, earlier)).toEqual([NAMES[2], NAMES[3]]);
  });
});

describe("planBatches", () => {
  it("keeps tests that need the cluster for themselves apart", () => {
    expect(planBatches([NAMES[0] ?? "", NAMES[2] ?? ""])).toEqual([
      { name: "parallel", tests: [NAMES[0]], serial: false },
      { name: "serial", tests: [NAMES[2]], serial: true },
    ]);
  });

  it("has no empty batches", () => {
    expect(planBatches([])).toEqual([]);
  });
});

describe("focusPattern", () => {
  it("matches exactly the tests, behind the suite's name", () => {
    const pattern = new RegExp(focusPattern([NAMES[0] ?? "", NAMES[3] ?? ""]));
    expect(NAMES.filter((name) => pattern.test(`Kubernetes e2e suite ${name}`))).toEqual([NAMES[0], NAMES[3]]);
    expect(pattern.test(`${NAMES[0]} more`)).toBe(false);
  });
});

describe("parseTestList", () => {
  it("takes the names behind the places", () => {
    const output =
      "The following spec names can be used with 'ginkgo run --focus/skip':\n    test/e2e/apps/x.go:12: [sig-apps] a [Conformance]\n\n";
    expect(parseTestList(output)).toEqual(["[sig-apps] a [Conformance]"]);
  });
});
