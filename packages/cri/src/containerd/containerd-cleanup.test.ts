import { testHost } from "@skiff/base/testing";
import { describe, expect, it } from "vitest";
import { FakeMachine } from "../host/fake-machine.ts";
import { cleanUpContainerd, parseMountPoints, removeControlGroups } from "./containerd-cleanup.ts";
import type { ContainerdOptions } from "./containerd-config.ts";

const CONTAINERD = { rootDirectory: "/c/root", stateDirectory: "/c/state", socketPath: "/c/sock" } as ContainerdOptions;

describe("cleanUpContainerd", () => {
  it("kills its own shims with all below them, unmounts the newest first, and removes groups, sockets and directories", async () => {
    const machine = new FakeMachine();
    const shim = (pid: number, socket: string) => ({
      pid,
      parentPid: 1,
      commandLine: ["/usr/bin/containerd-shim-runc-v2", "-address", socket],
    });
    machine.table = [
      shim(10, "/c/sock"),
      shim(20, "/other/sock"),
      { pid: 11, parentPid: 10, commandLine: ["/pause"] },
      { pid: 12, parentPid: 11, commandLine: ["sh"] },
      { pid: 21, parentPid: 20, commandLine: ["/pause"] },
      { pid: 30, parentPid: 1, commandLine: ["vi", "containerd-shim", "/c/sock"] },
    ];
    machine.files.set("/proc/11/cgroup", "4:memory:/kubepods/pod1/c\n1:name=systemd:/kubepods/pod1/c\n0::/\n");
    machine.files.set("/proc/12/cgroup", "0::/user.slice/mine\n");
    machine.files.set("/proc/self/mountinfo", mountInfo("/", "/c/state/a", "/c/root/b\\040c", "/c/statement", "/elsewhere"));
    machine.files.set("/c/state/io.containerd.runtime.v2.task/k8s.io/x/address", "unix:///run/containerd/s/abc\n");
    machine.files.set("/run/containerd/s/abc", "");
    machine.files.set("/run/containerd/s/other", "");
    machine.files.set("/c/root/blob", "");
    await cleanUpContainerd({ clock: testHost().clock, spawner: machine, files: machine }, CONTAINERD);
    expect(machine.signals).toEqual(["SIGKILL 10", "SIGKILL 11", "SIGKILL 12"]);
    expect(machine.commands).toEqual([
      "umount --lazy /c/root/b c",
      "umount --lazy /c/state/a",
      "rmdir --ignore-fail-on-non-empty /sys/fs/cgroup/memory/kubepods/pod1/c",
      "rmdir --ignore-fail-on-non-empty /sys/fs/cgroup/systemd/kubepods/pod1/c",
    ]);
    expect([...machine.files.keys()].filter((path) => !path.startsWith("/proc"))).toEqual(["/run/containerd/s/other"]);
  });

  it("deletes nothing when something cannot be unmounted", async () => {
    const machine = new FakeMachine();
    machine.files.set("/proc/self/mountinfo", mountInfo("/c/root/x"));
    machine.files.set("/c/root/x/precious", "");
    machine.answer = () => ({ exitCode: 32, stderr: "umount: target is busy" });
    const cleaned = cleanUpContainerd({ clock: testHost().clock, spawner: machine, files: machine }, CONTAINERD);
    await expect(cleaned).rejects.toThrow("cannot unmount /c/root/x: umount: target is busy");
    expect(machine.files.has("/c/root/x/precious")).toBe(true);
  });
});

describe("removeControlGroups", () => {
  it("removes the group of every hierarchy that has it", async () => {
    const machine = new FakeMachine();
    machine.files.set("/sys/fs/cgroup/memory/skiff/cgroup.procs", "");
    machine.files.set("/sys/fs/cgroup/cpu/cgroup.procs", "");
    await removeControlGroups({ spawner: machine, files: machine }, "/skiff");
    expect(machine.commands).toEqual(["find /sys/fs/cgroup/memory/skiff -depth -type d -exec rmdir {} ;"]);
  });

  it.each(["/", "", "kubepods", "/../x"])("refuses %j", async (parent) => {
    const machine = new FakeMachine();
    await expect(removeControlGroups({ spawner: machine, files: machine }, parent)).rejects.toThrow(RangeError);
  });
});

describe("parseMountPoints", () => {
  it("reads names with blanks", () => {
    expect(parseMountPoints(mountInfo("/a", "/with\\040blank"))).toEqual(["/a", "/with blank"]);
  });
});

function mountInfo(...paths: readonly string[]): string {
  return paths.map((path, index) => `${index} 1 0:1 / ${path} rw,relatime shared:1 - overlay overlay rw\n`).join("");
}
