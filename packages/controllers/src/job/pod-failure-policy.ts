import type { Job, Pod, PodFailurePolicyOnExitCodesRequirement } from "@skiff/api";

/** What a rule of the policy wants for a failed Pod. */
interface FailureVerdict {
  readonly action: "FailJob" | "FailIndex" | "Ignore" | "Count";
  /** Why, for the condition of a Job that fails. */
  readonly message: string;
}

/** The first rule of `spec.podFailurePolicy` that fits a failed Pod. Without one the failure counts. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  const subject = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  for (const [index, { action, onExitCodes, onPodConditions }] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const verdict = (text: string): FailureVerdict => ({
      action: action as FailureVerdict["action"],
      message: `${text} matching ${action} rule at index ${index}`,
    });
    const container = onExitCodes && failedContainer(pod, onExitCodes);
    if (container) return verdict(`Container ${container.name} for pod ${subject} failed with exit code ${container.exitCode}`);
    for (const { type, status = "True" } of onPodConditions ?? []) {
      const fits = pod.status?.conditions?.some((condition) => condition.type === type && condition.status === status);
      if (fits) return verdict(`Pod ${subject} has condition ${type}`);
    }
  }
  return { action: "Count", message: "" };
}

function failedContainer(pod: Pod, { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement) {
  for (const { name, state } of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
    const exitCode = state?.terminated?.exitCode ?? 0;
    if (exitCode === 0 || (containerName && containerName !== name)) continue;
    if ((operator === "In") === values.includes(exitCode)) return { name, exitCode };
  }
  return undefined;
}
