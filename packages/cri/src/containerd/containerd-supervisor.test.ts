import { testHost } from "@skiff/base/testing";
import { describe, expect, it } from "vitest";
import { FakeMachine } from "../host/fake-machine.ts";
import type { ContainerdOptions } from "./containerd-config.ts";
import { ContainerdSupervisor } from "./containerd-supervisor.ts";

const CONTAINERD: ContainerdOptions = {
  rootDirectory: "/c/root",
  stateDirectory: "/c/state",
  socketPath: "/c/sock",
  sandboxImage: "pause",
  cniConfigDirectory: "/c/cni",
  cniBinDirectory: "/bin/cni",
  registryConfigDirectory: "/c/certs.d",
  snapshotter: "overlayfs",
  cgroupDriver: "cgroupfs",
  restrictOomScoreAdj: false,
};

function setUp(machine = new FakeMachine(), options: Partial<ContainerdOptions> = {}, host = testHost()) {
  const state = { answers: true };
  const supervisor = new ContainerdSupervisor(host, {
    containerd: { ...CONTAINERD, ...options },
    registryMirrors: [{ registry: "docker.io", endpoints: ["http://localhost:5000"] }],
    directory: "/c",
    spawner: machine,
    files: machine,
    ping: () => (state.answers ? Promise.resolve() : Promise.reject(new Error("no answer"))),
  });
  return { machine, supervisor, clock: host.clock, state };
}

describe("ContainerdSupervisor", () => {
  it("writes the configuration, starts containerd and waits until it answers", async () => {
    const { machine, supervisor, clock, state } = setUp();
    machine.files.set("/c/certs.d/old.example/hosts.toml", "");
    state.answers = false;
    const started = supervisor.start();
    let isStarted = false;
    void started.then(() => {
      isStarted = true;
    });
    await clock.advance(500);
    expect(isStarted).toBe(false);
    state.answers = true;
    await clock.advance(20);
    await started;
    expect(machine.processes.map(({ command }) => [command.command, ...command.args])).toEqual([
      ["sh", "-c", expect.stringMatching(/^ulimit -n 1048576 .*; exec /), "containerd", "--config", "/c/config.toml"],
    ]);
    expect([...machine.files.keys()].sort()).toEqual(["/c/certs.d/docker.io/hosts.toml", "/c/config.toml", "/c/containerd.pid"]);
    expect(supervisor.pid).toBe(100);
  });

  it("gives up on a containerd that does not answer, and leaves nothing running", async () => {
    const { machine, supervisor, clock, state } = setUp();
    state.answers = false;
    const refused = expect(supervisor.start()).rejects.toThrow("did not answer within 60 s");
    await clock.advance("2m");
    await refused;
    expect(machine.processes.map(({ running }) => running)).toEqual([false]);
    expect(machine.files.has("/c/containerd.pid")).toBe(false);
  });

  it("says at once when containerd ends while it starts", async () => {
    const { machine, supervisor, clock, state } = setUp();
    state.answers = false;
    const refused = expect(supervisor.start()).rejects.toThrow("ended while it was starting; see /c/containerd.log");
    await clock.settle();
    machine.processes[0]?.exit({ exitCode: 1 });
    await clock.advance(100);
    await refused;
  });

  it("starts it again when it dies, ever later while it keeps dying", async () => {
    const { machine, supervisor, clock } = setUp();
    await supervisor.start();
    const startedAtMs: number[] = [];
    for (let life = 0; life < 9; life++) {
      const diedAtMs = clock.monotonic();
      machine.processes.at(-1)?.exit({ signal: "SIGKILL" });
      const before = machine.processes.length;
      await clock.advanceUntil(() => machine.processes.length > before);
      startedAtMs.push(clock.monotonic() - diedAtMs);
    }
    expect(startedAtMs).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    await clock.advance("61s");
    machine.processes.at(-1)?.exit({});
    const before = machine.processes.length;
    await clock.advance(100);
    expect(machine.processes).toHaveLength(before + 1);
    await supervisor.stop();
  });

  it("goes on trying when it cannot be started for a while", async () => {
    const { machine, supervisor, clock } = setUp();
    await supervisor.start();
    machine.startError = new Error("text file busy");
    machine.processes[0]?.exit({});
    await clock.advance(1000);
    expect(supervisor.pid).toBeUndefined();
    machine.startError = undefined;
    await clock.advance(2000);
    expect(supervisor.pid).toBe(101);
    await supervisor.stop();
  });

  it("takes over one that runs with the same configuration", async () => {
    const first = setUp();
    await first.supervisor.start();
    first.supervisor.release();
    const next = setUp(first.machine);
    await next.supervisor.start();
    expect(next.supervisor.pid).toBe(100);
    expect(first.machine.processes).toHaveLength(1);
    // It watches the one it took over.
    first.machine.processes[0]?.exit({});
    await next.clock.advance(100);
    expect(next.supervisor.pid).toBe(101);
    await next.supervisor.stop();
  });

  it("replaces one that runs with another configuration", async () => {
    const first = setUp();
    await first.supervisor.start();
    first.supervisor.release();
    const next = setUp(first.machine, { snapshotter: "native" });
    await next.supervisor.start();
    expect(first.machine.processes.map(({ running }) => running)).toEqual([false, true]);
    expect(next.supervisor.pid).toBe(101);
  });

  it.each([
    ["another process with that number", '{"pid":100,"startTicks":"other"}'],
    ["a file that is half written", '{"pid":10'],
  ])("does not take over %s", async (_, text) => {
    const { machine, supervisor } = setUp();
    machine.files.set("/c/containerd.pid", text);
    await supervisor.start();
    expect(machine.processes).toHaveLength(1);
    expect(machine.signals).toEqual([]);
  });

  it("stops it, by force when it does not end by itself, and does not start it again", async () => {
    const { machine, supervisor, clock } = setUp();
    await supervisor.start();
    machine.onSignal = (process, signal) => {
      if (signal === "SIGKILL") process.exit({ signal });
    };
    const stopped = supervisor.stop();
    await clock.advance("9s");
    expect(machine.signals).toEqual(["SIGTERM 100"]);
    await clock.advance("1s");
    await stopped;
    expect(machine.signals).toEqual(["SIGTERM 100", "SIGKILL 100"]);
    await clock.advance("1h");
    expect(machine.processes).toHaveLength(1);
    expect(machine.files.has("/c/containerd.pid")).toBe(false);
  });
});
