import type { Container, Volume } from "@skiff/api";
import {
  containersOf,
  isWindows,
  named,
  plural,
  podAndContainers,
  quoted,
  type CheckedPod,
  type PodSecurityCheck,
} from "./pod-security-check.ts";

const ALLOWED_VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

function namesWhere(pod: CheckedPod, test: (container: Container) => boolean): string[] {
  return containersOf(pod)
    .filter(test)
    .map(({ name }) => name);
}

const allowPrivilegeEscalation: PodSecurityCheck = {
  id: "allowPrivilegeEscalation",
  check(pod) {
    if (isWindows(pod)) return undefined;
    const bad = namesWhere(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
    if (bad.length === 0) return undefined;
    return {
      reason: "allowPrivilegeEscalation != false",
      detail: `${named("container", bad)} must set securityContext.allowPrivilegeEscalation=false`,
    };
  },
};

const capabilities: PodSecurityCheck = {
  id: "capabilities_restricted",
  check(pod) {
    if (isWindows(pod)) return undefined;
    const keepsAll = namesWhere(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"));
    const forbidden = new Set<string>();
    const adds = namesWhere(pod, ({ securityContext }) => {
      const others = (securityContext?.capabilities?.add ?? []).filter((capability) => capability !== "NET_BIND_SERVICE");
      for (const capability of others) forbidden.add(capability);
      return others.length > 0;
    });
    const details = [
      ...(keepsAll.length > 0 ? [`${named("container", keepsAll)} must set securityContext.capabilities.drop=["ALL"]`] : []),
      ...(adds.length > 0
        ? [`${named("container", adds)} must not include ${quoted([...forbidden].sort())} in securityContext.capabilities.add`]
        : []),
    ];
    return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
  },
};

const restrictedVolumes: PodSecurityCheck = {
  id: "restrictedVolumes",
  check({ spec }) {
    const types = new Set<string>();
    const bad = (spec.volumes ?? []).filter((volume) => {
      const type = volumeType(volume);
      if (type === undefined || ALLOWED_VOLUMES.has(type)) return false;
      types.add(type);
      return true;
    });
    if (bad.length === 0) return undefined;
    const who = named(
      "volume",
      bad.map(({ name }) => name),
    );
    const what = `${plural("restricted volume type", types.size)} ${quoted([...types].sort())}`;
    return { reason: "restricted volume types", detail: `${who} ${bad.length === 1 ? "uses" : "use"} ${what}` };
  },
};

function volumeType(volume: Volume): string | undefined {
  return Object.keys(volume).find((field) => field !== "name");
}

const runAsNonRoot: PodSecurityCheck = {
  id: "runAsNonRoot",
  check(pod) {
    const podValue = pod.spec.securityContext?.runAsNonRoot;
    const denied = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false);
    const badPod = podValue === false;
    const silent = podValue === true ? [] : namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
    if (denied.length > 0 || (badPod && silent.length > 0)) {
      return {
        reason: "runAsNonRoot != true",
        detail: `${podAndContainers(badPod && silent.length > 0, denied)} must not set securityContext.runAsNonRoot=false`,
      };
    }
    if (silent.length === 0) return undefined;
    return { reason: "runAsNonRoot != true", detail: `pod or ${named("container", silent)} must set securityContext.runAsNonRoot=true` };
  },
};

const runAsUser: PodSecurityCheck = {
  id: "runAsUser",
  check(pod) {
    if (isWindows(pod)) return undefined;
    const badPod = pod.spec.securityContext?.runAsUser === 0;
    const bad = namesWhere(pod, ({ securityContext }) => securityContext?.runAsUser === 0);
    if (!badPod && bad.length === 0) return undefined;
    return { reason: "runAsUser=0", detail: `${podAndContainers(badPod, bad)} must not set runAsUser=0` };
  },
};

const seccompProfile: PodSecurityCheck = {
  id: "seccompProfile_restricted",
  check(pod) {
    if (isWindows(pod)) return undefined;
    const isAllowed = (type: string | undefined): boolean => type === "RuntimeDefault" || type === "Localhost";
    const podType = pod.spec.securityContext?.seccompProfile?.type;
    const bad = namesWhere(pod, ({ securityContext }) => {
      const type = securityContext?.seccompProfile?.type;
      return type !== undefined && !isAllowed(type);
    });
    const silent = isAllowed(podType) ? [] : namesWhere(pod, ({ securityContext }) => securityContext?.seccompProfile?.type === undefined);
    const badPod = podType !== undefined && !isAllowed(podType);
    if (badPod || bad.length > 0) {
      const types = [podType, ...containersOf(pod).map(({ securityContext }) => securityContext?.seccompProfile?.type)];
      const wrong = [...new Set(types.filter((type): type is string => type !== undefined && !isAllowed(type)))].sort();
      return {
        reason: "seccompProfile",
        detail: `${podAndContainers(badPod, bad)} must not set securityContext.seccompProfile.type to ${quoted(wrong)}`,
      };
    }
    if (silent.length === 0) return undefined;
    return {
      reason: "seccompProfile",
      detail: `pod or ${named("container", silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    };
  },
};

/** What the level `restricted` asks beyond `baseline`, in order of the ids. */
export const RESTRICTED_CHECKS: readonly PodSecurityCheck[] = [
  allowPrivilegeEscalation,
  capabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfile,
];
