import type { ContainerConfig, LinuxContainerResources, PodSandboxConfig, SecurityProfile } from "@skiff/kubelet";
import { RuntimeError } from "@skiff/kubelet";
import type { Encodable, MessageType } from "./protocol/protobuf.ts";
import { CALLS, type ContainerConfigMessage, type PodSandboxConfigMessage, SIGNALS } from "./protocol/runtime-v1.ts";

type Encoded<M> = M extends MessageType<infer T> ? Encodable<T> : never;
type EncodedResources = Encoded<(typeof CALLS)["updateContainerResources"]["request"]>["linux"];

/** A sandbox configuration as CRI writes it. */
export function encodePodSandboxConfig(config: PodSandboxConfig): Encoded<typeof PodSandboxConfigMessage> {
  const { linux } = config;
  return {
    metadata: config.metadata,
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dnsConfig,
    portMappings: config.portMappings,
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroupParent: linux.cgroupParent,
      sysctls: linux.sysctls,
      resources: linux.resources && encodeResources(linux.resources),
      securityContext: {
        namespaceOptions: linux.namespaceOptions,
        privileged: linux.privileged,
        runAsUser: wrapped(linux.runAsUser),
        runAsGroup: wrapped(linux.runAsGroup),
        supplementalGroups: linux.supplementalGroups,
        seccomp: linux.seccomp,
      },
    },
  };
}

/** A container configuration as CRI writes it. */
export function encodeContainerConfig(config: ContainerConfig): Encoded<typeof ContainerConfigMessage> {
  return {
    metadata: config.metadata,
    image: config.image,
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.env,
    mounts: config.mounts.map(({ propagation, ...mount }) => ({ ...mount, propagation: `PROPAGATION_${propagation}` as const })),
    devices: config.devices,
    labels: config.labels,
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    stopSignal: encodeSignal(config.stopSignal),
    linux: { resources: encodeResources(config.linux.resources), securityContext: encodeSecurityContext(config.linux) },
  };
}

/**
 * Resources as CRI writes them. CRI has no limit of processes: that one is a matter of the Pod's cgroup, which the
 * kubelet makes.
 */
export function encodeResources(resources: LinuxContainerResources): EncodedResources {
  const { memoryLimitBytes, hugepageLimits, pidsLimit: _pidsLimit, ...rest } = resources;
  return {
    ...rest,
    memoryLimitInBytes: memoryLimitBytes,
    hugepageLimits: hugepageLimits?.map(({ pageSize, limitBytes }) => ({ pageSize, limit: limitBytes })),
  };
}

function encodeSecurityContext(
  linux: ContainerConfig["linux"],
): NonNullable<NonNullable<Encoded<typeof ContainerConfigMessage>["linux"]>["securityContext"]> {
  return {
    capabilities: { addCapabilities: linux.addCapabilities, dropCapabilities: linux.dropCapabilities },
    privileged: linux.privileged,
    namespaceOptions: linux.namespaceOptions,
    runAsUser: wrapped(linux.runAsUser),
    runAsUsername: linux.runAsUsername,
    runAsGroup: wrapped(linux.runAsGroup),
    supplementalGroups: linux.supplementalGroups,
    readonlyRootfs: linux.readonlyRootfs,
    noNewPrivs: linux.noNewPrivileges,
    maskedPaths: linux.maskedPaths,
    readonlyPaths: linux.readonlyPaths,
    seccomp: linux.seccomp,
    apparmor: linux.apparmor,
    apparmorProfile: linux.apparmor && encodeAppArmor(linux.apparmor),
  };
}

/** The older form of an AppArmor profile, which runtimes before the newer one was defined need. */
function encodeAppArmor(profile: SecurityProfile): string {
  if (profile.type === "RuntimeDefault") return "runtime/default";
  return profile.type === "Unconfined" ? "unconfined" : `localhost/${profile.localhostRef ?? ""}`;
}

/** `SIGRTMIN+3` is `SIGRTMINPLUS3` in CRI. */
function encodeSignal(signal: string | undefined): string | undefined {
  if (signal === undefined) return undefined;
  const name = signal.replace("+", "PLUS").replace("-", "MINUS");
  if (!SIGNALS.includes(name)) throw new RuntimeError("INVALID_ARGUMENT", `"${signal}" is not a signal`);
  return name;
}

/** 0 is a user too, so that an absent number and 0 must stay apart. */
function wrapped(value: number | undefined): { readonly value: number } | undefined {
  return value === undefined ? undefined : { value };
}
