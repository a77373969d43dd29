import { expect, it } from "vitest";
import { ProgressReader } from "./progress-reader.ts";

const OUTPUT = `------------------------------
• [15.550 seconds]
[sig-apps] Deployment [It] should roll [Slow] [Conformance] [sig-apps, Slow, Conformance]
k8s.io/kubernetes/test/e2e/apps/deployment.go:7

  Timeline >>
  STEP: Creating
------------------------------
SSSSSSSSSSSS
------------------------------
• [FAILED] [2.977 seconds]
[sig-node] Pods [It] should stop [Conformance] [sig-node, Conformance]
S [SKIPPED] [0.012 seconds]
[sig-node] Pods [It] needs more [Conformance] [sig-node, Conformance]
• [0.100 seconds]
no test
`;

it("hears how tests ended that run alone", () => {
  const output = `------------------------------
[sig-apps] Daemon set [Serial] should run [Conformance] [sig-apps, Serial, Conformance]
k8s.io/kubernetes/test/e2e/apps/daemon_set.go:7
  STEP: Creating
• [304.290 seconds]
------------------------------
SSSSSSSSSSSS
------------------------------
[sig-node] Pods [Serial] should stop [Conformance] [sig-node, Serial, Conformance]
  STEP: Creating
• [FAILED] [1.869 seconds]
[sig-node] Pods [Serial] [It] should stop [Conformance] [sig-node, Serial, Conformance]

  [FAILED] Expected
------------------------------
`;
  expect(new ProgressReader().push(output)).toEqual([
    { name: "[sig-apps] Daemon set [Serial] should run [Conformance]", state: "passed", seconds: 304.3 },
    { name: "[sig-node] Pods [Serial] should stop [Conformance]", state: "failed", seconds: 1.9 },
  ]);
});

it("hears how tests ended, in whatever pieces the output comes", () => {
  const expected = [
    { name: "[sig-apps] Deployment should roll [Slow] [Conformance]", state: "passed", seconds: 15.6 },
    { name: "[sig-node] Pods should stop [Conformance]", state: "failed", seconds: 3 },
    { name: "[sig-node] Pods needs more [Conformance]", state: "skipped", seconds: 0 },
  ];
  expect(new ProgressReader().push(OUTPUT)).toEqual(expected);
  const reader = new ProgressReader();
  expect(Array.from(OUTPUT, (letter) => reader.push(letter)).flat()).toEqual(expected);
});
