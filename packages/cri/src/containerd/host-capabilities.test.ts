import { describe, expect, it } from "vitest";
import { FakeMachine } from "../host/fake-machine.ts";
import { detectSnapshotter, mayLowerOomScore } from "./host-capabilities.ts";

describe("mayLowerOomScore", () => {
  it.each([
    ["000001ffffffffff", true],
    ["000001fffeffffff", false],
    ["0000000000000000", false],
  ])("of the capabilities %s is %s", async (capabilities, expected) => {
    const machine = new FakeMachine();
    machine.files.set("/proc/self/status", `Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t${capabilities}\n`);
    expect(await mayLowerOomScore(machine)).toBe(expected);
  });
});

describe("detectSnapshotter", () => {
  it.each([
    [0, "overlayfs", ["mount", "umount"]],
    [32, "native", ["mount"]],
  ])("with mount's exit code %i chooses %s", async (exitCode, expected, programs) => {
    const machine = new FakeMachine();
    machine.answer = () => ({ exitCode });
    expect(await detectSnapshotter(machine, machine, "/data")).toBe(expected);
    expect(machine.commands.map((line) => line.split(" ")[0])).toEqual(programs);
  });
});
