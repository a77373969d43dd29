import { testHost } from "@skiff/base/testing";
import { CONTRACT_EXECS, CONTRACT_SCRIPTS, containerRuntimeContract, type RuntimeContractSubject } from "@skiff/kubelet/testing";
import { describe, it } from "vitest";
import type { SimulatedBehaviour } from "./behaviour.ts";
import { MemoryLogSink } from "./log-sink.ts";
import { SimulatedRuntime } from "./simulated-runtime.ts";

const BEHAVIOURS: readonly SimulatedBehaviour[] = [
  {
    match: { command: CONTRACT_SCRIPTS.sleeps },
    stopDelayMs: 100,
    stopExitCode: 0,
    logs: [{ text: "ready" }],
    exec: [
      { command: CONTRACT_EXECS.answers.join(" "), stdout: "hello\n", stderr: "oops\n", exitCode: 7 },
      { command: CONTRACT_EXECS.slow.join(" "), delayMs: 60_000 },
    ],
  },
  { match: { command: CONTRACT_SCRIPTS.fails }, exitAfterMs: 5, exitCode: 3, logs: [{ text: "out" }, { text: "err", stream: "stderr" }] },
  { match: { command: CONTRACT_SCRIPTS.stubborn }, ignoresStopSignal: true, logs: [{ text: "ready" }] },
];

function subject(): RuntimeContractSubject {
  const host = testHost();
  const logs = new MemoryLogSink();
  return {
    runtime: new SimulatedRuntime(host, { podCidr: "10.244.0.0/24", behaviours: BEHAVIOURS, logs }),
    image: "busybox:1.28",
    logDirectory: "/var/log/pods",
    cgroupParent: "/kubepods",
    hasEvents: true,
    readLog: async (path) => logs.lines(path),
    async waitFor(promise) {
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      promise.then(settle, settle);
      await host.clock.advanceUntil(() => settled);
      return promise;
    },
    until: (done) => host.clock.advanceUntil(done, "20s"),
  };
}

describe("the contract of the container runtime, simulated", () => {
  it.each(containerRuntimeContract)("$name", (each) => each.run(subject()));
});
