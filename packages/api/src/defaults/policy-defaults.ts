import type { CertificateSigningRequest, CertificateSigningRequestSpec, PodDisruptionBudget, PriorityClass } from "../generated/types.ts";

/** A PodDisruptionBudget always shows its specification and counts. */
export function setPodDisruptionBudgetDefaults(budget: PodDisruptionBudget): void {
  budget.spec ??= {};
  budget.status ??= { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
}

/** What a PriorityClass leaves out, in place. */
export function setPriorityClassDefaults(priorityClass: PriorityClass): void {
  priorityClass.value ??= 0;
  priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
}

/** A CertificateSigningRequest always shows its specification and status. */
export function setCertificateSigningRequestDefaults(request: CertificateSigningRequest): void {
  request.spec ??= {} as CertificateSigningRequestSpec;
  request.status ??= {};
}
