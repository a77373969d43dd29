import type { Container, Pod, SeccompProfile } from "@skiff/api";
import type { ContainerConfig, Image, NamespaceOptions, SecurityProfile } from "./container-runtime.ts";
import { describePod } from "./pod-containers.ts";
import { configError } from "./start-error.ts";

/** Paths below `/proc` and `/sys` that ordinary containers do not see, because they tell of or reach into the host. */
const MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** Paths that ordinary containers may read only. */
const READONLY_PATHS: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Where Localhost seccomp profiles are, below the kubelet's root. */
const SECCOMP_DIRECTORY = "seccomp";

/** The namespaces of a sandbox. */
export function podNamespaces(pod: Pod): NamespaceOptions {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec ?? {};
  return {
    network: hostNetwork ? "NODE" : "POD",
    pid: hostPID ? "NODE" : shareProcessNamespace ? "POD" : "CONTAINER",
    ipc: hostIPC ? "NODE" : "POD",
  };
}

/** The seccomp profile that holds: the container's own, or the Pod's. */
export function seccompProfile(profile: SeccompProfile | undefined, kubeletRoot: string): SecurityProfile | undefined {
  switch (profile?.type) {
    case "RuntimeDefault":
      return { type: "RuntimeDefault" };
    case "Localhost":
      return { type: "Localhost", localhostRef: `${kubeletRoot}/${SECCOMP_DIRECTORY}/${profile.localhostProfile}` };
    case "Unconfined":
      return { type: "Unconfined" };
    default:
      return undefined;
  }
}

/**
 * The security part of a container's configuration: the container's own settings go before the Pod's.
 *
 * Errors: a StartError when the container must not run as root and would, or may.
 */
export function containerSecurity(
  pod: Pod,
  container: Container,
  image: Image | undefined,
  options: { readonly kubeletRoot: string; readonly targetId?: string; readonly extraGroups: readonly number[] },
): Omit<ContainerConfig["linux"], "resources"> {
  const ofPod = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const privileged = own.privileged === true;
  const runAsUser = own.runAsUser ?? ofPod.runAsUser;
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup;
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) verifyNonRoot(pod, container, runAsUser, image);
  const namespaceOptions = podNamespaces(pod);
  const unmasked = privileged || own.procMount === "Unmasked";
  const appArmor = own.appArmorProfile ?? ofPod.appArmorProfile;
  return {
    namespaceOptions:
      options.targetId === undefined ? namespaceOptions : { ...namespaceOptions, pid: "TARGET", targetId: options.targetId },
    privileged,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    ...userOf(runAsUser, image),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: [
      ...(ofPod.supplementalGroups ?? []),
      ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup]),
      ...options.extraGroups,
    ],
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? { type: "Unconfined" } : seccompProfile(own.seccompProfile ?? ofPod.seccompProfile, options.kubeletRoot),
    ...(appArmor === undefined
      ? {}
      : { apparmor: { type: appArmor.type as SecurityProfile["type"], localhostRef: appArmor.localhostProfile } }),
    maskedPaths: unmasked ? [] : MASKED_PATHS,
    readonlyPaths: unmasked ? [] : READONLY_PATHS,
  };
}

/** Without a user of its own the container gets the image's, stated, so that the runtime need not read the image again. */
function userOf(runAsUser: number | undefined, image: Image | undefined): { runAsUser?: number; runAsUsername?: string } {
  if (runAsUser !== undefined) return { runAsUser };
  if (image?.uid !== undefined) return { runAsUser: image.uid };
  return image?.username ? { runAsUsername: image.username } : {};
}

function verifyNonRoot(pod: Pod, container: Container, runAsUser: number | undefined, image: Image | undefined): void {
  const where = `(pod: "${describePod(pod)}", container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw configError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image?.uid !== undefined) {
    if (image.uid === 0) throw configError(`container has runAsNonRoot and image will run as root ${where}`);
    return;
  }
  if (image?.username) {
    throw configError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  throw configError(`container has runAsNonRoot and image will run as root ${where}`);
}
