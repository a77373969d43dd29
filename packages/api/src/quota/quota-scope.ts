import type { PersistentVolumeClaim, Pod, ResourceQuota, ScopedResourceSelectorRequirement } from "../generated/types.ts";
import type { KubeObject } from "../object.ts";
import { podQosClass } from "../pod-qos.ts";

/** Whether a quota is about that object: all of its scopes must fit. Only pods and claims can be in a scope. */
export function isInQuotaScope(quota: ResourceQuota, plural: string, object: KubeObject): boolean {
  const requirements: ScopedResourceSelectorRequirement[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return requirements.every((requirement) => {
    if (plural === "pods") return podFits(object as Pod, requirement);
    return plural === "persistentvolumeclaims" && claimFits(object as PersistentVolumeClaim, requirement);
  });
}

function podFits(pod: Pod, requirement: ScopedResourceSelectorRequirement): boolean {
  switch (requirement.scopeName) {
    case "Terminating":
      return pod.spec?.activeDeadlineSeconds !== undefined;
    case "NotTerminating":
      return pod.spec?.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return podQosClass(pod) === "BestEffort";
    case "NotBestEffort":
      return podQosClass(pod) !== "BestEffort";
    case "PriorityClass":
      return valueFits(pod.spec?.priorityClassName ?? "", requirement);
    case "CrossNamespacePodAffinity":
      return hasCrossNamespaceAffinity(pod);
    default:
      return false;
  }
}

function claimFits({ spec }: PersistentVolumeClaim, requirement: ScopedResourceSelectorRequirement): boolean {
  return requirement.scopeName === "VolumeAttributesClass" && valueFits(spec?.volumeAttributesClassName ?? "", requirement);
}

function valueFits(value: string, { operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case "Exists":
      return value !== "";
    case "DoesNotExist":
      return value === "";
    case "In":
      return values.includes(value);
    case "NotIn":
      return !values.includes(value);
    default:
      return false;
  }
}

function hasCrossNamespaceAffinity({ spec }: Pod): boolean {
  const affinities = [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity];
  return affinities.some((affinity) => {
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution?.map((weighted) => weighted.podAffinityTerm) ?? [];
    const terms = [...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred];
    return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
  });
}
