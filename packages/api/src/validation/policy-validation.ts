import { type FieldError, forbiddenField, invalidValue, required } from "../field-error.ts";
import type { Lease, PodDisruptionBudget, PriorityClass, RuntimeClass, ServiceAccount } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { validateTolerations } from "./affinity-validation.ts";
import { immutable, invalidEach, nonNegative, optionalOneOf } from "./field-checks.ts";
import { validateAtMostAll, validateIntOrPercent } from "./int-or-percent.ts";
import { validateLabels, validateLabelSelector } from "./labels.ts";
import { checkDnsLabel } from "./names.ts";

/** Everything that is wrong with a PodDisruptionBudget. */
export function validatePodDisruptionBudget(
  budget: PodDisruptionBudget,
  old: PodDisruptionBudget | undefined,
  context: WriteContext,
): FieldError[] {
  if (old !== undefined && context.subresource === "status") {
    return (["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const).flatMap((name) =>
      nonNegative(`status.${name}`, budget.status?.[name]),
    );
  }
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = budget.spec ?? {};
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(invalidValue("spec", budget.spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  errors.push(...validateIntOrPercent(minAvailable, "spec.minAvailable"), ...validateAtMostAll(minAvailable, "spec.minAvailable"));
  errors.push(...validateIntOrPercent(maxUnavailable, "spec.maxUnavailable"), ...validateAtMostAll(maxUnavailable, "spec.maxUnavailable"));
  errors.push(...validateLabelSelector(selector, "spec.selector"));
  return [...errors, ...optionalOneOf("spec.unhealthyPodEvictionPolicy", unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"])];
}

/** The largest priority of users' classes; those above are the system's. */
const MAX_USER_PRIORITY = 1_000_000_000;
const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ["system-node-critical", 2_000_001_000],
  ["system-cluster-critical", 2_000_000_000],
]);

/** Everything that is wrong with a PriorityClass. */
export function validatePriorityClass(priorityClass: PriorityClass, old: PriorityClass | undefined): FieldError[] {
  const name = priorityClass.metadata?.name ?? "";
  if (old !== undefined) {
    const errors: FieldError[] = [];
    if (priorityClass.value !== old.value) errors.push(forbiddenField("value", "may not be changed in an update."));
    return [...errors, ...immutable("preemptionPolicy", priorityClass.preemptionPolicy, old.preemptionPolicy)];
  }
  const errors: FieldError[] = [];
  if (name.startsWith("system-")) {
    if (SYSTEM_CLASSES.get(name) !== priorityClass.value || priorityClass.globalDefault) {
      const detail =
        "priority class names with 'system-' prefix are reserved for system use only. error: " +
        `${name} is not a known system priority class`;
      errors.push(forbiddenField("metadata.name", detail));
    }
  } else if ((priorityClass.value ?? 0) > MAX_USER_PRIORITY) {
    const detail = `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`;
    errors.push(forbiddenField("value", detail));
  }
  return [...errors, ...optionalOneOf("preemptionPolicy", priorityClass.preemptionPolicy, ["Never", "PreemptLowerPriority"])];
}

/** Everything that is wrong with a Lease. */
export function validateLease(lease: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, holderIdentity, strategy, preferredHolder } = lease.spec ?? {};
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidValue("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0"));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalidValue("spec.leaseTransitions", leaseTransitions, "must be greater than or equal to 0"));
  }
  if (holderIdentity === "" && strategy !== undefined)
    errors.push(invalidValue("spec.holderIdentity", holderIdentity, "must not be empty"));
  if (preferredHolder && !strategy) errors.push(forbiddenField("spec.preferredHolder", "may only be specified when `strategy` is defined"));
  return errors;
}

/** Everything that is wrong with a RuntimeClass. */
export function validateRuntimeClass(runtimeClass: RuntimeClass, old: RuntimeClass | undefined): FieldError[] {
  const errors = invalidEach("handler", runtimeClass.handler ?? "", checkDnsLabel(runtimeClass.handler ?? ""));
  const { nodeSelector, tolerations } = runtimeClass.scheduling ?? {};
  errors.push(
    ...validateLabels(nodeSelector, "scheduling.nodeSelector"),
    ...validateTolerations(tolerations ?? [], "scheduling.tolerations"),
  );
  return old === undefined ? errors : [...immutable("handler", runtimeClass.handler, old.handler), ...errors];
}

/** A ServiceAccount is right when its metadata is. */
export function validateServiceAccount(account: ServiceAccount): FieldError[] {
  return (account.imagePullSecrets ?? []).flatMap((secret, index) =>
    secret.name === undefined ? [required(`imagePullSecrets[${index}].name`)] : [],
  );
}
