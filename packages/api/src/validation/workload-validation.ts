import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  ControllerRevision,
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentSpec,
  ReplicaSet,
  ReplicationController,
} from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { immutable, nonNegative } from "./field-checks.ts";
import { isZeroAmount, validateAtMostAll, validateIntOrPercent } from "./int-or-percent.ts";
import { validateSetSelector, validateSetTemplate, validateTemplateMatches } from "./pod-set-validation.ts";
import { validateReplicaCounts } from "./replica-status-validation.ts";

function mayChangeSelector({ allows }: WriteContext): boolean {
  return allows?.has("selector-change") === true;
}

function validateDeploymentStrategy(strategy: DeploymentSpec["strategy"], field: string): FieldError[] {
  const { type = "", rollingUpdate } = strategy ?? {};
  if (type === "Recreate") {
    return rollingUpdate ? [forbiddenField(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")] : [];
  }
  if (type !== "RollingUpdate") return [notSupported(`${field}.type`, type, ["Recreate", "RollingUpdate"])];
  if (!rollingUpdate) return [required(`${field}.rollingUpdate`, "this should be defaulted and never be nil")];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const at = `${field}.rollingUpdate`;
  const errors = [...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`), ...validateIntOrPercent(maxSurge, `${at}.maxSurge`)];
  if (isZeroAmount(maxUnavailable) && isZeroAmount(maxSurge)) {
    errors.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  }
  return [...errors, ...validateAtMostAll(maxUnavailable, `${at}.maxUnavailable`)];
}

/** Everything that is wrong with a Deployment. */
export function validateDeployment(deployment: Deployment, old: Deployment | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return validateReplicaCounts(deployment.status, old.status);
  const spec = deployment.spec ?? ({} as DeploymentSpec);
  const errors = [
    ...nonNegative("spec.replicas", spec.replicas),
    ...validateSetSelector(spec.selector, "deployment", "spec.selector"),
    ...validateSetTemplate(spec.selector, spec.template, "ReplicaSet", "spec.template"),
    ...validateDeploymentStrategy(spec.strategy, "spec.strategy"),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
  ];
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    errors.push(...nonNegative("spec.progressDeadlineSeconds", deadline));
    if (deadline <= (spec.minReadySeconds ?? 0)) {
      errors.push(invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
    }
  }
  if (old !== undefined && !mayChangeSelector(context)) errors.push(...immutable("spec.selector", spec.selector, old.spec?.selector));
  return errors;
}

/** Everything that is wrong with a ReplicaSet. */
export function validateReplicaSet(replicaSet: ReplicaSet, old: ReplicaSet | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return validateReplicaCounts(replicaSet.status);
  const { spec } = replicaSet;
  const errors = [
    ...nonNegative("spec.replicas", spec?.replicas),
    ...nonNegative("spec.minReadySeconds", spec?.minReadySeconds),
    ...validateSetSelector(spec?.selector, "deployment", "spec.selector"),
    ...validateSetTemplate(spec?.selector, spec?.template, "ReplicaSet", "spec.template"),
  ];
  if (old !== undefined && !mayChangeSelector(context)) errors.push(...immutable("spec.selector", spec?.selector, old.spec?.selector));
  return errors;
}

/** Everything that is wrong with a ReplicationController. */
export function validateReplicationController(
  controller: ReplicationController,
  old: ReplicationController | undefined,
  context: WriteContext,
): FieldError[] {
  if (old !== undefined && context.subresource === "status") return validateReplicaCounts(controller.status);
  const spec = controller.spec ?? {};
  const hasSelector = Object.keys(spec.selector ?? {}).length > 0;
  const errors = [
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...(hasSelector ? [] : [required("spec.selector")]),
    ...nonNegative("spec.replicas", spec.replicas),
  ];
  if (spec.template === undefined) return [...errors, required("spec.template")];
  const selector = hasSelector ? { matchLabels: spec.selector } : undefined;
  return [...errors, ...validateSetTemplate(selector, spec.template, "ReplicationController", "spec.template")];
}

function validateDaemonSetStrategy(strategy: DaemonSetSpec["updateStrategy"], field: string): FieldError[] {
  const { type = "", rollingUpdate } = strategy ?? {};
  if (type === "OnDelete") return [];
  if (type !== "RollingUpdate") return [notSupported(`${field}.type`, type, ["OnDelete", "RollingUpdate"])];
  if (!rollingUpdate) return [required(`${field}.rollingUpdate`)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const at = `${field}.rollingUpdate`;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${at}.maxSurge`),
    ...validateAtMostAll(maxUnavailable, `${at}.maxUnavailable`),
    ...validateAtMostAll(maxSurge, `${at}.maxSurge`),
  ];
  const [noUnavailable, noSurge] = [isZeroAmount(maxUnavailable), isZeroAmount(maxSurge)];
  if (!noUnavailable && !noSurge) errors.push(invalidValue(`${at}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  if (noUnavailable && noSurge) errors.push(required(`${at}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  return errors;
}

/** Everything that is wrong with a DaemonSet. */
export function validateDaemonSet(daemonSet: DaemonSet, old: DaemonSet | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") {
    const { status } = daemonSet;
    const counts = [
      "currentNumberScheduled",
      "numberMisscheduled",
      "desiredNumberScheduled",
      "numberReady",
      "updatedNumberScheduled",
    ] as const;
    return counts.flatMap((name) => nonNegative(`status.${name}`, status?.[name]));
  }
  const spec = daemonSet.spec ?? ({} as DaemonSetSpec);
  const errors = [
    ...validateSetSelector(spec.selector, "daemonset", "spec.selector"),
    ...validateTemplateMatches(spec.selector, spec.template, "spec.template"),
    ...validateSetTemplate(undefined, spec.template, "DaemonSet", "spec.template"),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateDaemonSetStrategy(spec.updateStrategy, "spec.updateStrategy"),
    ...nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
  ];
  if (old !== undefined && !mayChangeSelector(context)) errors.push(...immutable("spec.selector", spec.selector, old.spec?.selector));
  return errors;
}

/** Everything that is wrong with a ControllerRevision: its data never changes. */
export function validateControllerRevision(revision: ControllerRevision, old: ControllerRevision | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (revision.data === undefined || revision.data === null) errors.push(required("data", "data is mandatory"));
  errors.push(...nonNegative("revision", revision.revision));
  if (old !== undefined) errors.push(...immutable("data", revision.data, old.data));
  return errors;
}
