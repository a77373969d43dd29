import { type FieldError, forbiddenField, invalidValue, required } from "../field-error.ts";
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { nonNegative, optionalOneOf } from "./field-checks.ts";
import { isZeroAmount, validateAtMostAll, validateIntOrPercent } from "./int-or-percent.ts";
import { validateSetSelector, validateSetTemplate } from "./pod-set-validation.ts";
import { validateReplicaCounts } from "./replica-status-validation.ts";

const CHANGEABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;
const FORBIDDEN_UPDATE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

function validateStrategy(strategy: StatefulSetSpec["updateStrategy"], field: string): FieldError[] {
  const { type = "", rollingUpdate } = strategy ?? {};
  if (!type) return [required(field)];
  if (type === "OnDelete") {
    if (!rollingUpdate) return [];
    return [invalidValue(`${field}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")];
  }
  if (type !== "RollingUpdate") return [invalidValue(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  if (!rollingUpdate) return [];
  const { maxUnavailable } = rollingUpdate;
  const at = `${field}.rollingUpdate`;
  const errors = nonNegative(`${at}.partition`, rollingUpdate.partition);
  if (maxUnavailable === undefined) return errors;
  errors.push(...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`));
  if (isZeroAmount(maxUnavailable)) errors.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable, "cannot be 0"));
  return [...errors, ...validateAtMostAll(maxUnavailable, `${at}.maxUnavailable`)];
}

function validateManagement(policy: string | undefined, field: string): FieldError[] {
  if (!policy) return [required(field)];
  return ["OrderedReady", "Parallel"].includes(policy) ? [] : [invalidValue(field, policy, "must be 'OrderedReady' or 'Parallel'")];
}

/** The template as its Pods will have it: with a volume for each claim template, which takes the place of one of that name. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec | undefined {
  if (template?.spec === undefined || volumeClaimTemplates.length === 0) return template;
  const names = volumeClaimTemplates.flatMap(({ metadata }) => (metadata?.name ? [metadata.name] : []));
  const others = (template.spec.volumes ?? []).filter(({ name }) => !names.includes(name));
  const claims = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...others, ...claims] } };
}

/** Everything that is wrong with a StatefulSet. */
export function validateStatefulSet(statefulSet: StatefulSet, old: StatefulSet | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return validateReplicaCounts(statefulSet.status);
  const spec = statefulSet.spec ?? ({} as StatefulSetSpec);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  const errors = [
    ...validateManagement(spec.podManagementPolicy, "spec.podManagementPolicy"),
    ...validateStrategy(spec.updateStrategy, "spec.updateStrategy"),
    ...optionalOneOf("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", retention?.whenDeleted, ["Delete", "Retain"]),
    ...optionalOneOf("spec.persistentVolumeClaimRetentionPolicy.whenScaled", retention?.whenScaled, ["Delete", "Retain"]),
    ...nonNegative("spec.replicas", spec.replicas),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...nonNegative("spec.ordinals.start", spec.ordinals?.start),
    ...nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...validateSetSelector(spec.selector, "statefulset", "spec.selector"),
    ...validateSetTemplate(spec.selector, withClaims(spec), "StatefulSet", "spec.template"),
  ];
  if (old !== undefined) {
    const rest: Record<string, unknown> = { ...spec };
    const before: Record<string, unknown> = { ...old.spec };
    for (const part of CHANGEABLE) {
      delete rest[part];
      delete before[part];
    }
    if (!semanticEqual(rest, before)) errors.push(forbiddenField("spec", FORBIDDEN_UPDATE));
  }
  return errors;
}
