import type { Pod } from "@skiff/api";
import { podCgroup, podResources } from "./container-resources.ts";
import type { PodSandboxConfig, PortMapping } from "./container-runtime.ts";
import { podLogDirectory, type PodDirectories } from "./pod-directories.ts";
import { allContainers, podIdentity } from "./pod-containers.ts";
import { podDns, type DnsSettings } from "./pod-dns.ts";
import { podHostname } from "./pod-hostname.ts";
import { sandboxAnnotations, sandboxLabels } from "./runtime-labels.ts";
import { podNamespaces, seccompProfile } from "./security-context.ts";

/** What of the node enters the configuration of a sandbox. */
export interface SandboxSettings extends DnsSettings {
  readonly directories: PodDirectories;
  readonly podPidsLimit?: number;
  /** The control group below which `/kubepods` lies. Default: the root. */
  readonly cgroupParent?: string;
}

/** The configuration of a Pod's sandbox. Errors: throws when the Pod's hostname cannot be made. */
export function sandboxConfig(pod: Pod, attempt: number, settings: SandboxSettings, hostResolvConf: string): PodSandboxConfig {
  const { securityContext } = pod.spec ?? {};
  const identity = podIdentity(pod);
  const seccomp = seccompProfile(securityContext?.seccompProfile, settings.directories.root);
  const privileged = allContainers(pod).some(({ container }) => container.securityContext?.privileged === true);
  return {
    metadata: { ...identity, attempt },
    // On the host's network the hostname is the node's; the runtime takes an empty one for that.
    hostname: pod.spec?.hostNetwork ? "" : podHostname(pod, settings.clusterDomain).hostname,
    logDirectory: podLogDirectory(settings.directories, identity),
    dnsConfig: podDns(pod, settings, hostResolvConf),
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations: sandboxAnnotations(pod),
    linux: {
      cgroupParent: `${settings.cgroupParent ?? ""}${podCgroup(pod)}`,
      namespaceOptions: podNamespaces(pod),
      privileged,
      ...(securityContext?.runAsUser === undefined ? {} : { runAsUser: securityContext.runAsUser }),
      ...(securityContext?.runAsGroup === undefined ? {} : { runAsGroup: securityContext.runAsGroup }),
      supplementalGroups: [
        ...(securityContext?.supplementalGroups ?? []),
        ...(securityContext?.fsGroup === undefined ? [] : [securityContext.fsGroup]),
      ],
      // The pause process needs no more than this, whatever the Pod asks for.
      seccomp: seccomp ?? { type: "RuntimeDefault" },
      sysctls: Object.fromEntries((securityContext?.sysctls ?? []).map(({ name, value }) => [name.replaceAll("/", "."), value])),
      resources: podResources(pod, settings.podPidsLimit),
    },
  };
}

/** The ports of containers that are reachable through the node. Sidecars have theirs too. */
function portMappings(pod: Pod): PortMapping[] {
  if (pod.spec?.hostNetwork) return [];
  return allContainers(pod).flatMap(({ container }) =>
    (container.ports ?? [])
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ protocol = "TCP", containerPort, hostPort = 0, hostIP }) => ({
        protocol: protocol as PortMapping["protocol"],
        containerPort,
        hostPort,
        ...(hostIP ? { hostIp: hostIP } : {}),
      })),
  );
}
