import type { KindVersion } from "../kind.ts";
import { removedVersion } from "./removed-version.ts";

/**
 * Kinds that left beta as they were: only the version's name differs, and defaults and validation are the same.
 */
function beta(kind: string, group: string, deprecatedIn: number, removedIn: number): readonly KindVersion[] {
  return [removedVersion({ kind, group, version: "v1beta1", deprecatedIn, removedIn })];
}

/** `batch/v1beta1` before `batch/v1`. */
export const removedCronJobVersions = beta("CronJob", "batch", 21, 25);
/** `networking.k8s.io/v1beta1` before v1. */
export const removedIngressClassVersions = beta("IngressClass", "networking.k8s.io", 19, 22);
/** `extensions/v1beta1` before `networking.k8s.io/v1`. */
export const removedNetworkPolicyVersions: readonly KindVersion[] = [
  removedVersion({
    kind: "NetworkPolicy",
    group: "extensions",
    version: "v1beta1",
    storedGroup: "networking.k8s.io",
    deprecatedIn: 9,
    removedIn: 16,
  }),
];
/** `storage.k8s.io/v1beta1` before v1. */
export const removedStorageClassVersions = beta("StorageClass", "storage.k8s.io", 19, 22);
/** `scheduling.k8s.io/v1beta1` before v1. */
export const removedPriorityClassVersions = beta("PriorityClass", "scheduling.k8s.io", 14, 22);
/** `coordination.k8s.io/v1beta1` before v1. */
export const removedLeaseVersions = beta("Lease", "coordination.k8s.io", 19, 22);
/** `autoscaling/v2beta2` before `autoscaling/v2`. */
export const removedHorizontalPodAutoscalerVersions: readonly KindVersion[] = [
  removedVersion({
    kind: "HorizontalPodAutoscaler",
    group: "autoscaling",
    version: "v2beta2",
    storedVersion: "v2",
    deprecatedIn: 23,
    removedIn: 26,
  }),
];
