import type { Container, SecurityContext, SELinuxOptions } from "@skiff/api";
import { containersOf, isWindows, named, plural, podAndContainers, quoted, type PodSecurityCheck } from "./pod-security-check.ts";

const DEFAULT_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);
const SELINUX_TYPES = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);
const SAFE_SYSCTLS = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);
const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

function namesWhere(containers: readonly Container[], test: (context: SecurityContext) => boolean): string[] {
  return containers.filter(({ securityContext }) => securityContext !== undefined && test(securityContext)).map(({ name }) => name);
}

const appArmorProfile: PodSecurityCheck = {
  id: "appArmorProfile",
  check(pod) {
    const details: string[] = [];
    const isForbidden = (type: string | undefined): boolean => type !== undefined && type !== "RuntimeDefault" && type !== "Localhost";
    const podType = pod.spec.securityContext?.appArmorProfile?.type;
    const bad = namesWhere(containersOf(pod), (context) => isForbidden(context.appArmorProfile?.type));
    if (isForbidden(podType) || bad.length > 0) {
      const types = [podType, ...containersOf(pod).map(({ securityContext }) => securityContext?.appArmorProfile?.type)].filter(
        isForbidden,
      ) as string[];
      details.push(
        `${podAndContainers(isForbidden(podType), bad)} must not set AppArmor profile type to ${quoted([...new Set(types)].sort())}`,
      );
    }
    const annotations = Object.entries(pod.metadata?.annotations ?? {}).filter(
      ([key, value]) =>
        key.startsWith(APPARMOR_ANNOTATION) && value !== "" && value !== "runtime/default" && !value.startsWith("localhost/"),
    );
    if (annotations.length > 0) {
      const list = annotations.map(([key, value]) => `${JSON.stringify(key)}=${JSON.stringify(value)}`).sort();
      details.push(`${plural("annotation", list.length)} ${list.join(", ")}`);
    }
    if (details.length === 0) return undefined;
    return {
      reason: bad.length + annotations.length > 1 ? "forbidden AppArmor profiles" : "forbidden AppArmor profile",
      detail: details.join(", "),
    };
  },
};

const capabilities: PodSecurityCheck = {
  id: "capabilities_baseline",
  replacedBy: "capabilities_restricted",
  check(pod) {
    const forbidden = new Set<string>();
    const bad = namesWhere(containersOf(pod), ({ capabilities }) => {
      const others = (capabilities?.add ?? []).filter((capability) => !DEFAULT_CAPABILITIES.has(capability));
      for (const capability of others) forbidden.add(capability);
      return others.length > 0;
    });
    if (bad.length === 0) return undefined;
    const detail = `${named("container", bad)} must not include ${quoted([...forbidden].sort())} in securityContext.capabilities.add`;
    return { reason: "non-default capabilities", detail };
  },
};

const hostNamespaces: PodSecurityCheck = {
  id: "hostNamespaces",
  check({ spec }) {
    const used = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field]);
    return used.length === 0 ? undefined : { reason: "host namespaces", detail: used.map((field) => `${field}=true`).join(", ") };
  },
};

const hostPathVolumes: PodSecurityCheck = {
  id: "hostPathVolumes",
  replacedBy: "restrictedVolumes",
  check({ spec }) {
    const volumes = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map(({ name }) => name);
    return volumes.length === 0 ? undefined : { reason: "hostPath volumes", detail: named("volume", volumes) };
  },
};

const hostPorts: PodSecurityCheck = {
  id: "hostPorts",
  check(pod) {
    const ports = new Set<number>();
    const bad: string[] = [];
    for (const container of containersOf(pod)) {
      const used = (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
      for (const port of used) ports.add(port);
      if (used.length > 0) bad.push(container.name);
    }
    if (bad.length === 0) return undefined;
    const list = [...ports].map(String).sort();
    return {
      reason: "hostPort",
      detail: `${named("container", bad)} ${bad.length === 1 ? "uses" : "use"} ${plural("hostPort", list.length)} ${list.join(", ")}`,
    };
  },
};

const hostProbes: PodSecurityCheck = {
  id: "hostProbesAndHostLifecycle",
  check(pod) {
    const hosts = new Set<string>();
    const bad: string[] = [];
    for (const container of containersOf(pod)) {
      const handlers = [
        container.livenessProbe,
        container.readinessProbe,
        container.startupProbe,
        container.lifecycle?.postStart,
        container.lifecycle?.preStop,
      ];
      const used = handlers.flatMap((handler) =>
        [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host): host is string => Boolean(host)),
      );
      for (const host of used) hosts.add(host);
      if (used.length > 0) bad.push(container.name);
    }
    if (bad.length === 0) return undefined;
    const detail = `${named("container", bad)} ${bad.length === 1 ? "uses" : "use"} probe or lifecycle ${plural("host", hosts.size)} ${quoted([...hosts].sort())}`;
    return { reason: "probe or lifecycle host", detail };
  },
};

const privileged: PodSecurityCheck = {
  id: "privileged",
  check(pod) {
    const bad = namesWhere(containersOf(pod), (context) => context.privileged === true);
    return bad.length === 0
      ? undefined
      : { reason: "privileged", detail: `${named("container", bad)} must not set securityContext.privileged=true` };
  },
};

const procMount: PodSecurityCheck = {
  id: "procMount",
  check(pod) {
    const mounts = new Set<string>();
    const bad = namesWhere(containersOf(pod), ({ procMount }) => {
      if (procMount === undefined || procMount === "Default") return false;
      mounts.add(procMount);
      return true;
    });
    if (bad.length === 0) return undefined;
    return {
      reason: "procMount",
      detail: `${named("container", bad)} must not set securityContext.procMount to ${quoted([...mounts].sort())}`,
    };
  },
};

const seLinuxOptions: PodSecurityCheck = {
  id: "seLinuxOptions",
  check(pod) {
    const types = new Set<string>();
    let hasUser = false;
    let hasRole = false;
    const isBad = (options: SELinuxOptions | undefined): boolean => {
      if (options === undefined) return false;
      const badType = !SELINUX_TYPES.has(options.type ?? "");
      if (badType) types.add(options.type ?? "");
      hasUser ||= Boolean(options.user);
      hasRole ||= Boolean(options.role);
      return badType || Boolean(options.user) || Boolean(options.role);
    };
    const badPod = isBad(pod.spec.securityContext?.seLinuxOptions);
    const bad = namesWhere(containersOf(pod), (context) => isBad(context.seLinuxOptions));
    if (!badPod && bad.length === 0) return undefined;
    const problems = [
      ...(types.size > 0 ? [`${plural("type", types.size)} ${quoted([...types].sort())}`] : []),
      ...(hasUser ? ["user may not be set"] : []),
      ...(hasRole ? ["role may not be set"] : []),
    ];
    return {
      reason: "seLinuxOptions",
      detail: `${podAndContainers(badPod, bad)} set forbidden securityContext.seLinuxOptions: ${problems.join("; ")}`,
    };
  },
};

const seccompProfile: PodSecurityCheck = {
  id: "seccompProfile_baseline",
  replacedBy: "seccompProfile_restricted",
  check(pod) {
    const isBad = (type: string | undefined): boolean => type === "Unconfined";
    const badPod = isBad(pod.spec.securityContext?.seccompProfile?.type);
    const bad = namesWhere(containersOf(pod), (context) => isBad(context.seccompProfile?.type));
    if (!badPod && bad.length === 0) return undefined;
    return {
      reason: "seccompProfile",
      detail: `${podAndContainers(badPod, bad)} must not set securityContext.seccompProfile.type to "Unconfined"`,
    };
  },
};

const sysctls: PodSecurityCheck = {
  id: "sysctls",
  check({ spec }) {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !SAFE_SYSCTLS.has(name));
    return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
  },
};

const windowsHostProcess: PodSecurityCheck = {
  id: "windowsHostProcess",
  check(pod) {
    const badPod = pod.spec.securityContext?.windowsOptions?.hostProcess === true;
    const bad = namesWhere(containersOf(pod), (context) => context.windowsOptions?.hostProcess === true);
    if (!badPod && bad.length === 0) return undefined;
    return {
      reason: "hostProcess",
      detail: `${podAndContainers(badPod, bad)} must not set securityContext.windowsOptions.hostProcess=true`,
    };
  },
};

const LINUX_ONLY = new Set(["seLinuxOptions"]);

/** The checks of the level `baseline`, in order of their ids. Rules about Linux do not count for Windows pods. */
export const BASELINE_CHECKS: readonly PodSecurityCheck[] = [
  appArmorProfile,
  capabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfile,
  sysctls,
  windowsHostProcess,
].map((check) => (LINUX_ONLY.has(check.id) ? { ...check, check: (pod) => (isWindows(pod) ? undefined : check.check(pod)) } : check));
