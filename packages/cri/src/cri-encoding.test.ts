import { type ContainerConfig, RuntimeError } from "@skiff/kubelet";
import { describe, expect, it } from "vitest";
import { encodeContainerConfig } from "./cri-encoding.ts";
import { ContainerConfigMessage } from "./protocol/runtime-v1.ts";

const CONFIG: ContainerConfig = {
  metadata: { name: "main", attempt: 2 },
  image: { image: "sha256:1", userSpecifiedImage: "app" },
  command: [],
  args: [],
  workingDir: "",
  env: [],
  mounts: [{ containerPath: "/data", hostPath: "/srv", readonly: true, propagation: "HOST_TO_CONTAINER" }],
  devices: [],
  labels: {},
  annotations: {},
  logPath: "",
  stdin: false,
  stdinOnce: false,
  tty: false,
  linux: {
    resources: { memoryLimitBytes: 1024, cpuShares: 2, pidsLimit: 10, hugepageLimits: [{ pageSize: "2MB", limitBytes: 4 }] },
    namespaceOptions: { network: "POD", pid: "TARGET", ipc: "NODE", targetId: "other" },
    privileged: false,
    addCapabilities: ["NET_ADMIN"],
    dropCapabilities: ["ALL"],
    runAsUser: 0,
    supplementalGroups: [1, 2],
    readonlyRootfs: true,
    noNewPrivileges: true,
    apparmor: { type: "Localhost", localhostRef: "mine" },
    maskedPaths: ["/proc/kcore"],
    readonlyPaths: [],
  },
};

const roundTrip = (config: ContainerConfig) => ContainerConfigMessage.decode(ContainerConfigMessage.encode(encodeContainerConfig(config)));

describe("encodeContainerConfig", () => {
  it("carries what a container is made of", () => {
    const { mounts, linux, metadata, image } = roundTrip(CONFIG);
    expect(metadata).toEqual({ name: "main", attempt: 2 });
    expect(image).toMatchObject({ image: "sha256:1", userSpecifiedImage: "app" });
    expect(mounts).toMatchObject([
      { containerPath: "/data", hostPath: "/srv", readonly: true, propagation: "PROPAGATION_HOST_TO_CONTAINER" },
    ]);
    expect(linux?.resources).toMatchObject({ memoryLimitInBytes: 1024, cpuShares: 2, hugepageLimits: [{ pageSize: "2MB", limit: 4 }] });
    expect(linux?.securityContext).toMatchObject({
      capabilities: { addCapabilities: ["NET_ADMIN"], dropCapabilities: ["ALL"] },
      namespaceOptions: { network: "POD", pid: "TARGET", ipc: "NODE", targetId: "other" },
      supplementalGroups: [1, 2],
      readonlyRootfs: true,
      noNewPrivs: true,
      apparmorProfile: "localhost/mine",
      apparmor: { type: "Localhost", localhostRef: "mine" },
      maskedPaths: ["/proc/kcore"],
    });
  });

  it("tells user 0 from no user", () => {
    expect(roundTrip(CONFIG).linux?.securityContext?.runAsUser).toEqual({ value: 0 });
    expect(roundTrip({ ...CONFIG, linux: { ...CONFIG.linux, runAsUser: undefined } }).linux?.securityContext?.runAsUser).toBeUndefined();
  });

  it.each([
    ["SIGTERM", "SIGTERM"],
    ["SIGRTMIN+3", "SIGRTMINPLUS3"],
    ["SIGRTMAX-14", "SIGRTMAXMINUS14"],
    [undefined, "RUNTIME_DEFAULT"],
  ])("writes the stop signal %s as %s", (stopSignal, expected) => {
    expect(roundTrip({ ...CONFIG, stopSignal }).stopSignal).toBe(expected);
  });

  it("numbers signals as the protocol does", () => {
    // Field 18, as a varint: the numbers of SIGTERM, SIGRTMIN and SIGRTMAX in the public protocol.
    for (const [signal, number] of [
      ["SIGTERM", 23],
      ["SIGRTMIN", 35],
      ["SIGRTMAX", 65],
    ] as const) {
      const tail = ContainerConfigMessage.encode({ stopSignal: signal });
      expect([...tail]).toEqual([0x90, 0x01, number]);
    }
  });

  it("refuses what is not a signal", () => {
    expect(() => encodeContainerConfig({ ...CONFIG, stopSignal: "SIGNONSENSE" })).toThrow(RuntimeError);
  });
});
