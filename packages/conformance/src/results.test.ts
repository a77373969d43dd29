import { describe, expect, it } from "vitest";
import { mergeResults, parseReport } from "./results.ts";

const it_ = (text: string, state: string, failure?: object): object => ({
  ContainerHierarchyTexts: ["[sig-apps] Deployment"],
  LeafNodeType: "It",
  LeafNodeText: text,
  State: state,
  RunTime: 1_250_000_000,
  ...(failure === undefined ? {} : { Failure: failure }),
});

describe("parseReport", () => {
  it("names tests as upstream does, with time, reason and place", () => {
    const location = { FileName: "k8s.io/kubernetes/test/e2e/apps/deployment.go", LineNumber: 7 };
    const report = [
      {
        SpecReports: [
          it_("works [Conformance]", "passed"),
          it_("breaks [Conformance]", "failed", { Message: "expected 3", Location: location }),
        ],
      },
    ];
    expect(parseReport(JSON.stringify(report))).toEqual([
      { name: "[sig-apps] Deployment works [Conformance]", state: "passed", seconds: 1.3 },
      {
        name: "[sig-apps] Deployment breaks [Conformance]",
        state: "failed",
        seconds: 1.3,
        message: "expected 3",
        location: "test/e2e/apps/deployment.go:7",
      },
    ]);
  });

  it("counts panics and timeouts as failures", () => {
    const report = [{ SpecReports: [it_("a", "panicked"), it_("b", "timedout"), it_("c", "interrupted")] }];
    expect(parseReport(JSON.stringify(report)).map(({ state }) => state)).toEqual(["failed", "failed", "failed"]);
  });

  it("tells tests that skip themselves from tests that were not selected", () => {
    const report = [{ SpecReports: [it_("a", "skipped"), it_("b", "skipped", { Message: "needs two nodes" }), it_("c", "pending")] }];
    expect(parseReport(JSON.stringify(report))).toMatchObject([{ name: "[sig-apps] Deployment b", state: "skipped" }]);
  });

  it("leaves out what is set up around the tests", () => {
    const setUp = { ContainerHierarchyTexts: null, LeafNodeType: "SynchronizedBeforeSuite", LeafNodeText: "", State: "passed" };
    expect(parseReport(JSON.stringify([{ SpecReports: [setUp] }, { SpecReports: null }]))).toEqual([]);
  });
});

describe("mergeResults", () => {
  it("takes the later outcome, and adds the reason to an outcome that is known already", () => {
    const merged = mergeResults(
      [
        { name: "a", state: "failed", message: "old" },
        { name: "b", state: "failed" },
      ],
      [
        { name: "a", state: "passed", seconds: 1 },
        { name: "b", state: "failed", message: "why" },
      ],
    );
    expect(merged).toEqual([
      { name: "a", state: "passed", seconds: 1 },
      { name: "b", state: "failed", message: "why" },
    ]);
  });
});
