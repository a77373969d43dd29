import { systemClock } from "@skiff/base";
import type { ContainerConfig, PodSandboxConfig } from "@skiff/kubelet";
import type { TestContainerd } from "./test-containerd.ts";

const NAMESPACES = { network: "POD", pid: "CONTAINER", ipc: "POD" } as const;

/** A Pod of one container, without a kubelet. */
interface PodPlan {
  readonly name: string;
  readonly image: string;
  /** Default: the image's. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What came of it, and how long each step took. */
export interface RunningPod {
  readonly sandboxId: string;
  readonly containerId: string;
  readonly ip: string;
  readonly sandboxMs: number;
  readonly createMs: number;
  readonly startMs: number;
}

/** Runs a Pod straight through the container runtime. */
export async function runPod({ runtime, directory, cgroupParent }: TestContainerd, plan: PodPlan): Promise<RunningPod> {
  const sandbox: PodSandboxConfig = {
    metadata: { name: plan.name, uid: `uid-${plan.name}`, namespace: "e2e", attempt: 0 },
    hostname: plan.name,
    logDirectory: `${directory}/logs/${plan.name}`,
    portMappings: [],
    labels: {},
    annotations: {},
    linux: { cgroupParent, namespaceOptions: NAMESPACES, privileged: false, supplementalGroups: [], sysctls: {} },
  };
  const { id: image = "" } = (await runtime.imageStatus(plan.image)) ?? {};
  const startedMs = systemClock.monotonic();
  const sandboxId = await runtime.runPodSandbox(sandbox);
  const sandboxMs = systemClock.monotonic() - startedMs;
  const containerId = await runtime.createContainer(sandboxId, containerConfig(plan, image), sandbox);
  const createMs = systemClock.monotonic() - startedMs - sandboxMs;
  await runtime.startContainer(containerId);
  const startMs = systemClock.monotonic() - startedMs - sandboxMs - createMs;
  const [ip = ""] = (await runtime.podSandboxStatus(sandboxId))?.ips ?? [];
  return { sandboxId, containerId, ip, sandboxMs, createMs, startMs };
}

function containerConfig(plan: PodPlan, image: string): ContainerConfig {
  return {
    metadata: { name: "main", attempt: 0 },
    image: { image, userSpecifiedImage: plan.image },
    command: plan.command ?? [],
    args: [],
    workingDir: "",
    env: Object.entries(plan.env ?? {}).map(([key, value]) => ({ key, value })),
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: "main/0.log",
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      resources: { cpuShares: 128 },
      namespaceOptions: NAMESPACES,
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readonlyRootfs: false,
      noNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
}
