import { type FieldError, forbiddenField, invalidValue, notFoundField, required } from "../field-error.ts";
import type { Container, ContainerStatus, NodeAffinity, Pod, PodSpec, Toleration } from "../generated/types.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { validateImageSpace } from "./container-validation.ts";
import { immutable, invalidEach, inRange } from "./field-checks.ts";
import { ipFamily, validateIp } from "./ip-address.ts";
import { checkDnsSubdomain, checkQualifiedName } from "./names.ts";
import { validateTolerations } from "./affinity-validation.ts";

const MAX_INT32 = 2 ** 31 - 1;
const CHANGEABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
];

/** The first level at which two values differ, as dotted paths, so that the message says what is not allowed. */
export function changedPaths(now: unknown, before: unknown, path = "", limit = 10): string[] {
  if (semanticEqual(now, before)) return [];
  const bothObjects = typeof now === "object" && typeof before === "object" && now !== null && before !== null;
  if (!bothObjects || Array.isArray(now) !== Array.isArray(before)) return [path];
  const left = now as Record<string, unknown>;
  const right = before as Record<string, unknown>;
  const paths: string[] = [];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const at = Array.isArray(now) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    paths.push(...changedPaths(left[key], right[key], at, limit));
    if (paths.length >= limit) break;
  }
  return paths.slice(0, limit);
}

function validateImages(now: readonly Container[], before: readonly Container[], field: string): FieldError[] | undefined {
  if (now.length !== before.length) return undefined;
  return now.flatMap((container, index) => {
    const at = `${field}[${index}]`;
    return [...(container.image ? [] : [required(`${at}.image`)]), ...validateImageSpace(container, at)];
  });
}

function validateDeadline(now: number | undefined, before: number | undefined): FieldError[] {
  const field = "spec.activeDeadlineSeconds";
  if (now === undefined) {
    return before === undefined ? [] : [invalidValue(field, null, "must not update from a positive integer to nil value")];
  }
  const outside = inRange(field, now, 0, MAX_INT32);
  if (outside.length > 0) return outside;
  return before !== undefined && before < now ? [invalidValue(field, now, "must be less than or equal to previous value")] : [];
}

function validateAddedTolerations(now: readonly Toleration[], before: readonly Toleration[]): FieldError[] {
  const kept = before.every((old) =>
    now.some((toleration) => semanticEqual({ ...old, tolerationSeconds: toleration.tolerationSeconds }, toleration)),
  );
  if (!kept) return [forbiddenField("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
  return validateTolerations(now, "spec.tolerations");
}

function validateGates(now: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name));
  return (now.schedulingGates ?? []).flatMap((gate, index) =>
    known.has(gate.name)
      ? []
      : [forbiddenField(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${gate.name}'`)],
  );
}

/** While a Pod is gated its choice of nodes may be narrowed, never widened (KEP-3838). */
function validateNarrowing(now: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(before.nodeSelector ?? {})) {
    if (now.nodeSelector?.[key] !== value) {
      errors.push(
        invalidValue(
          "spec.nodeSelector",
          now.nodeSelector ?? {},
          "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
        ),
      );
      break;
    }
  }
  const field = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
  const terms = (affinity: NodeAffinity | undefined) => affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const old = terms(before.affinity?.nodeAffinity);
  const new_ = terms(now.affinity?.nodeAffinity);
  if (old.length === 0) return errors;
  if (old.length !== new_.length) {
    return [
      ...errors,
      invalidValue(`${field}.nodeSelectorTerms`, new_, "no additions/deletions to non-empty NodeSelectorTerms list are allowed"),
    ];
  }
  for (const [index, term] of old.entries()) {
    for (const part of ["matchExpressions", "matchFields"] as const) {
      const missing = (term[part] ?? []).some((one, at) => !semanticEqual(one, new_[index]?.[part]?.[at]));
      if (missing) {
        const detail = "only additions are allowed (no mutations or deletions)";
        errors.push(invalidValue(`${field}.nodeSelectorTerms[${index}]`, new_[index], detail));
      }
    }
  }
  return errors;
}

/** The specification with everything that may change put back, to see whether anything else has changed. */
function withoutAllowedChanges(now: PodSpec, before: PodSpec): PodSpec {
  const images = (containers: readonly Container[], old: readonly Container[]) =>
    containers.map((container, index) => ({ ...container, image: old[index]?.image }));
  const gated = (before.schedulingGates ?? []).length > 0;
  const spec: PodSpec = {
    ...now,
    containers: images(now.containers, before.containers),
    initContainers: images(now.initContainers ?? [], before.initContainers ?? []),
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    schedulingGates: before.schedulingGates,
    tolerations: before.tolerations,
  };
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && now.terminationGracePeriodSeconds === 1) {
    spec.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds;
  }
  if (gated) {
    spec.nodeSelector = before.nodeSelector;
    const affinity = { ...now.affinity, nodeAffinity: before.affinity?.nodeAffinity };
    spec.affinity = Object.values(affinity).every((part) => part === undefined) ? undefined : affinity;
  }
  return spec;
}

/** What may not change in a Pod that is there. */
export function validatePodSpecUpdate(pod: Pod, old: Pod): FieldError[] {
  const now = pod.spec ?? { containers: [] };
  const before = old.spec ?? { containers: [] };
  const errors: FieldError[] = [];
  for (const list of ["containers", "initContainers"] as const) {
    const images = validateImages(now[list] ?? [], before[list] ?? [], `spec.${list}`);
    if (images === undefined) return [...errors, forbiddenField(`spec.${list}`, "pod updates may not add or remove containers")];
    errors.push(...images);
  }
  errors.push(...validateDeadline(now.activeDeadlineSeconds, before.activeDeadlineSeconds));
  errors.push(...validateAddedTolerations(now.tolerations ?? [], before.tolerations ?? []), ...validateGates(now, before));
  if (semanticEqual(now, before)) return errors;
  if ((before.schedulingGates ?? []).length > 0) errors.push(...validateNarrowing(now, before));
  const rest = withoutAllowedChanges(now, before);
  if (!semanticEqual(rest, before)) {
    const changed = changedPaths(rest, before).map((path) => `spec.${path}`);
    errors.push(
      forbiddenField("spec", `pod updates may not change fields other than ${CHANGEABLE.join(",")}\nchanged: ${changed.join(", ")}\n`),
    );
  }
  return errors;
}

/** What was put in for debugging stays as it is. */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined) {
    return [forbiddenField("", "static pods do not support ephemeral containers")];
  }
  const field = "spec.ephemeralContainers";
  return (old.spec?.ephemeralContainers ?? []).flatMap((container) => {
    const name = JSON.stringify(container.name);
    const now = pod.spec?.ephemeralContainers?.find((one) => one.name === container.name);
    if (now === undefined) return [forbiddenField(field, `existing ephemeral containers ${name} may not be removed\n`)];
    if (semanticEqual(now, container)) return [];
    return [
      forbiddenField(
        field,
        `existing ephemeral containers ${name} may not be changed\nchanged: ${changedPaths(now, container).join(", ")}\n`,
      ),
    ];
  });
}

/** A container that has ended for good does not come back. */
function validateTerminated(
  now: readonly ContainerStatus[],
  before: readonly ContainerStatus[],
  mayRestart: (status: ContainerStatus) => boolean,
  field: string,
): FieldError[] {
  return before.flatMap((status, index) => {
    if (!status.state?.terminated || mayRestart(status)) return [];
    const back = now.some((one) => one.name === status.name && !one.state?.terminated);
    return back ? [forbiddenField(`${field}[${index}].state`, "may not be transitioned to non-terminated state")] : [];
  });
}

function validateIps(list: readonly { ip?: string }[], field: string): FieldError[] {
  const errors = list.flatMap(({ ip = "" }, index) => validateIp(`${field}[${index}]`, ip));
  const families = new Set(list.map(({ ip = "" }) => ipFamily(ip)));
  if (list.length > 1 && (families.size < 2 || list.length > 2)) {
    errors.push(invalidValue(field, list, "may specify no more than one IP for each IP family"));
  }
  return errors;
}

/** What may not change in the status of a Pod. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status = {}, spec = { containers: [] } } = pod;
  const before = old.status ?? {};
  const errors: FieldError[] = [];
  for (const [index, condition] of (status.conditions ?? []).entries()) {
    if (["PodScheduled", "Ready", "Initialized"].includes(condition.type)) continue;
    errors.push(...invalidEach(`metadata.conditions[${index}].Type`, condition.type, checkQualifiedName(condition.type)));
  }
  if (spec.nodeName !== old.spec?.nodeName) errors.push(forbiddenField("status.nodeName", "may not be changed directly"));
  const { nominatedNodeName } = status;
  if (nominatedNodeName && nominatedNodeName !== before.nominatedNodeName) {
    errors.push(...invalidEach("status.nominatedNodeName", nominatedNodeName, checkDnsSubdomain(nominatedNodeName)));
  }
  errors.push(...immutable("status.qosClass", status.qosClass, before.qosClass));
  const policy = old.spec?.restartPolicy;
  const always = (): boolean => policy === "Always";
  const onFailure = (one: ContainerStatus): boolean => always() || (policy === "OnFailure" && one.state?.terminated?.exitCode !== 0);
  const policyOf = (name: string): Container | undefined =>
    [...(old.spec?.containers ?? []), ...(old.spec?.initContainers ?? [])].find((container) => container.name === name);
  const mayRestart = (one: ContainerStatus): boolean => onFailure(one) || policyOf(one.name)?.restartPolicy !== undefined;
  errors.push(
    ...validateTerminated(status.containerStatuses ?? [], before.containerStatuses ?? [], mayRestart, "status.containerStatuses"),
  );
  errors.push(
    ...validateTerminated(
      status.initContainerStatuses ?? [],
      before.initContainerStatuses ?? [],
      mayRestart,
      "status.initContainerStatuses",
    ),
    ...validateTerminated(
      status.ephemeralContainerStatuses ?? [],
      before.ephemeralContainerStatuses ?? [],
      () => false,
      "status.ephemeralContainerStatuses",
    ),
  );
  for (const [index, claim] of (status.resourceClaimStatuses ?? []).entries()) {
    const known = spec.resourceClaims?.some((one) => one.name === claim.name);
    if (!known) errors.push(notFoundField(`status.resourceClaimStatuses[${index}].name`, claim.name));
  }
  return [...errors, ...validateIps(status.podIPs ?? [], "status.podIPs"), ...validateIps(status.hostIPs ?? [], "status.hostIPs")];
}
