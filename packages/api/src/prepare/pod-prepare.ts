import type { Container, LabelSelector, Pod, PodAffinityTerm, PodSpec, PodStatus } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { podQosClass } from "../pod-qos.ts";
import { ownCopy, prepareStatus, restoreMetadata, restoreSpecAndStatus } from "./status-prepare.ts";

const GATED = "Scheduling is blocked due to non-empty scheduling gates";

function initialStatus(pod: Pod): PodStatus {
  const status: PodStatus = { phase: "Pending", qosClass: podQosClass(pod) };
  if ((pod.spec?.schedulingGates ?? []).length > 0) {
    status.conditions = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated", message: GATED }];
  }
  return status;
}

/** The Pod's own values of `keys` become part of the selector (KEP-3633, KEP-3243). */
function mergeLabelKeys(
  pod: Pod,
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = pod.metadata?.labels?.[key];
    if (value !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [value] });
  }
}

function mergeAffinityKeys(pod: Pod, spec: PodSpec): void {
  const terms: PodAffinityTerm[] = [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
  for (const term of terms) {
    mergeLabelKeys(pod, term.labelSelector, term.matchLabelKeys, "In");
    mergeLabelKeys(pod, term.labelSelector, term.mismatchLabelKeys, "NotIn");
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) {
    mergeLabelKeys(pod, constraint.labelSelector, constraint.matchLabelKeys, "In");
  }
}

/** Containers as they were, with the new resources; as they are when the lists differ, for validation to refuse. */
function resizedContainers(now: readonly Container[], before: readonly Container[]): Container[] {
  if (now.some((container, index) => container.name !== before[index]?.name)) return [...now];
  return before.map((container, index) => {
    const resized = ownCopy(container);
    const { resources, resizePolicy } = now[index] ?? {};
    if (resources === undefined) delete resized.resources;
    else resized.resources = resources;
    if (resizePolicy === undefined) delete resized.resizePolicy;
    else resized.resizePolicy = resizePolicy;
    return resized;
  });
}

function prepareResize(pod: Pod, old: Pod): void {
  const containers = pod.spec?.containers ?? [];
  const initContainers = pod.spec?.initContainers ?? [];
  const before = old.spec ?? { containers: [] };
  if (containers.length !== before.containers.length || initContainers.length !== (before.initContainers ?? []).length) return;
  restoreSpecAndStatus(pod, old);
  restoreMetadata(pod, old);
  if (pod.spec === undefined) return;
  pod.spec.containers = resizedContainers(containers, before.containers);
  if (before.initContainers) pod.spec.initContainers = resizedContainers(initContainers, before.initContainers);
}

function prepareEphemeralContainers(pod: Pod, old: Pod): void {
  const added = pod.spec?.ephemeralContainers;
  restoreSpecAndStatus(pod, old);
  restoreMetadata(pod, old);
  if (pod.spec === undefined) return;
  if (added === undefined) delete pod.spec.ephemeralContainers;
  else pod.spec.ephemeralContainers = added;
}

/** A client that does not know `observedGeneration` must not clear it. */
function keepObservedGenerations(pod: Pod, old: Pod): void {
  const status = (pod.status ??= {});
  if (!status.observedGeneration && old.status?.observedGeneration) status.observedGeneration = old.status.observedGeneration;
  const remaining = [...(old.status?.conditions ?? [])];
  for (const condition of status.conditions ?? []) {
    const index = remaining.findIndex((before) => before.type === condition.type);
    const [before] = index < 0 ? [] : remaining.splice(index, 1);
    if (!condition.observedGeneration && before?.observedGeneration) condition.observedGeneration = before.observedGeneration;
  }
}

const prepareObjectOrStatus = prepareStatus<Pod>(initialStatus);

/** What clients may not set on Pods and their subresources. */
export function preparePod(pod: Pod, old: Pod | undefined, context: WriteContext): void {
  if (old !== undefined && context.subresource === "ephemeralcontainers") return prepareEphemeralContainers(pod, old);
  if (old !== undefined && context.subresource === "resize") return prepareResize(pod, old);
  prepareObjectOrStatus(pod, old, context);
  if (old === undefined && pod.spec) mergeAffinityKeys(pod, pod.spec);
  if (old !== undefined && context.subresource === "status") {
    const metadata = (pod.metadata ??= {});
    // Owners stay as they are: garbage collection must not depend on what a node sends.
    if (old.metadata?.ownerReferences) metadata.ownerReferences = ownCopy(old.metadata.ownerReferences);
    else delete metadata.ownerReferences;
    if (!pod.status?.qosClass && old.status?.qosClass) (pod.status ??= {}).qosClass = old.status.qosClass;
    keepObservedGenerations(pod, old);
  }
}
