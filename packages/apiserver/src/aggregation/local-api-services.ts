import type { APIService } from "@skiff/api";

/** Marks the APIServices that the server makes for what it serves itself. */
export const AUTO_MANAGED_LABEL = "kube-aggregator.kubernetes.io/automanaged";

/** Groups in upstream's order of preference: the higher, the more preferred. Everything else comes after them, with 1000. */
const GROUP_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ["", 18_000],
  ["apps", 17_800],
  ["events.k8s.io", 17_750],
  ["authentication.k8s.io", 17_700],
  ["authorization.k8s.io", 17_600],
  ["autoscaling", 17_500],
  ["batch", 17_400],
  ["certificates.k8s.io", 17_300],
  ["networking.k8s.io", 17_200],
  ["policy", 17_100],
  ["rbac.authorization.k8s.io", 17_000],
  ["storage.k8s.io", 16_800],
  ["apiextensions.k8s.io", 16_700],
  ["admissionregistration.k8s.io", 16_700],
  ["scheduling.k8s.io", 16_600],
  ["coordination.k8s.io", 16_500],
  ["node.k8s.io", 16_300],
  ["discovery.k8s.io", 16_200],
  ["flowcontrol.apiserver.k8s.io", 16_100],
  ["resource.k8s.io", 15_900],
]);
const CUSTOM_GROUP_PRIORITY = 1000;
const CUSTOM_VERSION_PRIORITY = 100;
const VERSION_PRIORITY = 15;

/** `v1.apps`; the core group has no name: `v1.`. */
export function apiServiceName(group: string, version: string): string {
  return `${version}.${group}`;
}

/** The APIService of a group's version that the server serves itself. `rank`: 0 for the most preferred version of its group. */
export function localApiService(group: string, version: string, rank: number): APIService {
  const groupPriority = GROUP_PRIORITIES.get(group);
  const versionPriority = groupPriority === undefined ? CUSTOM_VERSION_PRIORITY : VERSION_PRIORITY;
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: apiServiceName(group, version), labels: { [AUTO_MANAGED_LABEL]: groupPriority === undefined ? "true" : "onstart" } },
    spec: {
      ...(group === "" ? {} : { group }),
      version,
      groupPriorityMinimum: groupPriority ?? CUSTOM_GROUP_PRIORITY,
      versionPriority: Math.max(1, versionPriority - rank),
    },
  };
}
