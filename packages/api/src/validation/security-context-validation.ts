import { duplicate, type FieldError, forbiddenField, invalidValue, required } from "../field-error.ts";
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext } from "../generated/types.ts";
import { inRange, oneOf, optionalOneOf } from "./field-checks.ts";
import { validateDescendingPath } from "./local-path.ts";

const MAX_ID = 2 ** 32 - 1;
const MAX_SYSCTL_LENGTH = 253;
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const PROFILE_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];

function validateId(id: number | undefined, field: string): FieldError[] {
  return id === undefined ? [] : inRange(field, id, 0, MAX_ID);
}

function validateSeccomp(profile: SeccompProfile | undefined, field: string): FieldError[] {
  if (!profile) return [];
  const errors = profile.type
    ? oneOf(`${field}.type`, profile.type, PROFILE_TYPES)
    : [required(`${field}.type`, "type is required when seccompProfile is set")];
  const path = profile.localhostProfile;
  if (profile.type === "Localhost") {
    if (path === undefined) errors.push(required(`${field}.localhostProfile`, "must be set when seccomp type is Localhost"));
    else errors.push(...validateDescendingPath(path, `${field}.localhostProfile`));
  } else if (path !== undefined) {
    errors.push(invalidValue(`${field}.localhostProfile`, profile, "can only be set when seccomp type is Localhost"));
  }
  return errors;
}

function validateAppArmor(profile: AppArmorProfile | undefined, field: string): FieldError[] {
  if (!profile) return [];
  if (!profile.type) return [required(`${field}.type`, "type is required when appArmorProfile is set")];
  const errors = oneOf(`${field}.type`, profile.type, PROFILE_TYPES);
  const name = profile.localhostProfile;
  if (profile.type === "Localhost") {
    if (!name?.trim()) errors.push(required(`${field}.localhostProfile`, "must be set when AppArmor type is Localhost"));
    else if (name !== name.trim()) errors.push(invalidValue(`${field}.localhostProfile`, name, "must not be padded with whitespace"));
  } else if (name !== undefined) {
    errors.push(invalidValue(`${field}.localhostProfile`, name, "can only be set when AppArmor type is Localhost"));
  }
  return errors;
}

function validateSysctls(spec: PodSpec, sysctls: NonNullable<PodSecurityContext["sysctls"]>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { name }] of sysctls.entries()) {
    const at = `${field}[${index}].name`;
    if (!name) errors.push(required(at));
    else if (name.length > MAX_SYSCTL_LENGTH || !SYSCTL.test(name)) {
      errors.push(invalidValue(at, name, `must have at most ${MAX_SYSCTL_LENGTH} characters and match regex ${SYSCTL.source}`));
    } else if (seen.has(name)) errors.push(duplicate(at, name));
    const plain = (name ?? "").replaceAll("/", ".");
    if (spec.hostNetwork && plain.startsWith("net."))
      errors.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"));
    if (spec.hostIPC && /^(?:kernel\.(?:sem|shm|msg)|fs\.mqueue\.)/.test(plain)) {
      errors.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"));
    }
    seen.add(name);
  }
  return errors;
}

/** The security settings of the Pod as a whole. */
export function validatePodSecurityContext(spec: PodSpec, field: string): FieldError[] {
  const context = spec.securityContext;
  if (!context) return [];
  const errors = [
    ...validateId(context.fsGroup, `${field}.fsGroup`),
    ...validateId(context.runAsUser, `${field}.runAsUser`),
    ...validateId(context.runAsGroup, `${field}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, index) => validateId(group, `${field}.supplementalGroups[${index}]`)),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalidValue(`${field}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled"));
  }
  errors.push(...validateSysctls(spec, context.sysctls ?? [], `${field}.sysctls`));
  errors.push(...optionalOneOf(`${field}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]));
  errors.push(...validateSeccomp(context.seccompProfile, `${field}.seccompProfile`));
  errors.push(...validateAppArmor(context.appArmorProfile, `${field}.appArmorProfile`));
  errors.push(...optionalOneOf(`${field}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ["Merge", "Strict"]));
  errors.push(...optionalOneOf(`${field}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ["MountOption", "Recursive"]));
  return errors;
}

/** The security settings of one container. `hostUsers` is false in a user namespace of its own. */
export function validateSecurityContext(context: SecurityContext | undefined, hostUsers: boolean, field: string): FieldError[] {
  if (!context) return [];
  const errors = [...validateId(context.runAsUser, `${field}.runAsUser`), ...validateId(context.runAsGroup, `${field}.runAsGroup`)];
  if (context.procMount !== undefined) {
    errors.push(...oneOf(`${field}.procMount`, context.procMount, ["Default", "Unmasked"]));
    if (hostUsers && context.procMount === "Unmasked") {
      errors.push(invalidValue(`${field}.procMount`, context.procMount, "`hostUsers` must be false to use `Unmasked`"));
    }
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${field}.seccompProfile`));
  errors.push(...validateAppArmor(context.appArmorProfile, `${field}.appArmorProfile`));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.push(invalidValue(field, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    }
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      errors.push(invalidValue(field, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"));
    }
  }
  return errors;
}

/** A Pod with users of its own shares no other namespace with the host. */
export function validateHostUsers(spec: PodSpec, field: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const detail = "when `hostUsers` is false";
  return (["hostNetwork", "hostPID", "hostIPC"] as const)
    .filter((name) => spec[name])
    .map((name) => forbiddenField(`${field}.${name}`, detail));
}
