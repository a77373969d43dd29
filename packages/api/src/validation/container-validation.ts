import { duplicate, type FieldError, forbiddenField, invalidValue, notFoundField, notSupported, required } from "../field-error.ts";
import type { Container, ContainerPort, EphemeralContainer, PodSpec, Volume } from "../generated/types.ts";
import { isSidecar } from "../pod-resources.ts";
import { validateResizePolicy, validateResourceRequirements } from "./container-resources-validation.ts";
import { validateEnv, validateEnvFrom } from "./env-validation.ts";
import { invalidEach, oneOf } from "./field-checks.ts";
import { checkDnsLabel, checkPortName, checkPortNumber } from "./names.ts";
import { validateProbesAndLifecycle } from "./probe-validation.ts";
import { validateSecurityContext } from "./security-context-validation.ts";
import { validateVolumeDevices, validateVolumeMounts } from "./volume-mount-validation.ts";

/** What the containers of a Pod refer to. */
export interface ContainerScope {
  readonly spec: PodSpec;
  /** The Pod's volumes that are right in themselves. */
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claimNames: ReadonlySet<string>;
}

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const TERMINATION_POLICIES = ["FallbackToLogsOnError", "File"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const NOT_FOR_INIT = "may not be set for init containers without restartPolicy=Always";
const NOT_FOR_EPHEMERAL = "cannot be set for an Ephemeral Container";

function validatePorts(ports: readonly ContainerPort[], field: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (port.name) {
      const wrong = checkPortName(port.name);
      if (wrong.length > 0) errors.push(...invalidEach(`${at}.name`, port.name, wrong));
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else errors.push(...invalidEach(`${at}.containerPort`, port.containerPort, checkPortNumber(port.containerPort)));
    if (port.hostPort) errors.push(...invalidEach(`${at}.hostPort`, port.hostPort, checkPortNumber(port.hostPort)));
    return [...errors, ...oneOf(`${at}.protocol`, port.protocol, PROTOCOLS)];
  });
}

/** What every container must keep to, whichever list it stands in. */
function validateCommon(container: Container, scope: ContainerScope, field: string): FieldError[] {
  const { spec, volumes, claimNames } = scope;
  const errors: FieldError[] = [];
  if (!container.name) errors.push(required(`${field}.name`));
  else errors.push(...invalidEach(`${field}.name`, container.name, checkDnsLabel(container.name)));
  if (!container.image) errors.push(required(`${field}.image`));
  errors.push(
    ...oneOf(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, TERMINATION_POLICIES),
    ...validatePorts(container.ports ?? [], `${field}.ports`),
    ...validateEnv(container.env ?? [], `${field}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${field}.envFrom`),
    ...validateVolumeMounts(container, volumes, `${field}.volumeMounts`),
    ...validateVolumeDevices(container, volumes, `${field}.volumeDevices`),
    ...oneOf(`${field}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...validateResourceRequirements(container.resources, `${field}.resources`, claimNames),
    ...validateResizePolicy(container.resizePolicy ?? [], spec.restartPolicy, `${field}.resizePolicy`),
    ...validateSecurityContext(container.securityContext, spec.hostUsers !== false, `${field}.securityContext`),
  );
  return errors;
}

/** Two containers that run at once cannot have the same port of the host. */
function validateHostPorts(containers: readonly Container[], field: (index: number) => string): FieldError[] {
  const used = new Set<string>();
  return containers.flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, at) => {
      if (!port.hostPort) return [];
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (used.has(key)) return [duplicate(`${field(index)}.ports[${at}].hostPort`, key)];
      used.add(key);
      return [];
    }),
  );
}

const RESTART_POLICIES = ["Always", "Never", "OnFailure"];

/** Restart policies and rules of single containers (KEP-5307). */
function validateRestart(container: Container, field: string): FieldError[] {
  const policy = container.restartPolicy;
  const rules = container.restartPolicyRules ?? [];
  const errors: FieldError[] = [];
  if (policy !== undefined && !RESTART_POLICIES.includes(policy))
    errors.push(notSupported(`${field}.restartPolicy`, policy, RESTART_POLICIES));
  if (rules.length > 0 && policy === undefined)
    errors.push(required(`${field}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  return errors;
}

/** The containers that make up the Pod. */
export function validateContainers(scope: ContainerScope, field: string): FieldError[] {
  const containers = scope.spec.containers ?? [];
  if (containers.length === 0) return [required(field)];
  const names = new Set<string>();
  const errors = containers.flatMap((container, index) => {
    const at = `${field}[${index}]`;
    const own = validateCommon(container, scope, at);
    if (names.has(container.name)) own.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    own.push(...validateProbesAndLifecycle(container, scope.spec.terminationGracePeriodSeconds, at));
    return [...own, ...validateRestart(container, at)];
  });
  return [...errors, ...validateHostPorts(containers, (index) => `${field}[${index}]`)];
}

/** The containers that run before; sidecars among them run on. */
export function validateInitContainers(scope: ContainerScope, field: string): FieldError[] {
  const names = new Set((scope.spec.containers ?? []).map((container) => container.name));
  return (scope.spec.initContainers ?? []).flatMap((container, index) => {
    const at = `${field}[${index}]`;
    const errors = [...validateCommon(container, scope, at), ...validateRestart(container, at)];
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    errors.push(...validateHostPorts([container], () => at));
    if (isSidecar(container)) return [...errors, ...validateProbesAndLifecycle(container, scope.spec.terminationGracePeriodSeconds, at)];
    for (const part of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[part]) errors.push(forbiddenField(`${at}.${part}`, NOT_FOR_INIT));
    }
    return errors;
  });
}

/** What a container for debugging may not have, as nothing may come to depend on it. */
const EPHEMERAL_FORBIDDEN = [
  "ports",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "resizePolicy",
  "restartPolicy",
] as const;

/** Containers that were put into a running Pod for debugging. */
export function validateEphemeralContainers(scope: ContainerScope, field: string): FieldError[] {
  const others = new Set([...(scope.spec.containers ?? []), ...(scope.spec.initContainers ?? [])].map((container) => container.name));
  const names = new Set(others);
  return (scope.spec.ephemeralContainers ?? []).flatMap((container: EphemeralContainer, index) => {
    const at = `${field}[${index}]`;
    const errors = [...validateCommon(container, scope, at), ...validateImageSpace(container, at)];
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFoundField(`${at}.targetContainerName`, target));
    for (const part of EPHEMERAL_FORBIDDEN) {
      const value = container[part];
      if (value !== undefined && !(Array.isArray(value) && value.length === 0))
        errors.push(forbiddenField(`${at}.${part}`, NOT_FOR_EPHEMERAL));
    }
    if (Object.keys(container.resources ?? {}).length > 0) errors.push(forbiddenField(`${at}.resources`, NOT_FOR_EPHEMERAL));
    for (const [mountIndex, mount] of (container.volumeMounts ?? []).entries()) {
      for (const part of ["subPath", "subPathExpr"] as const) {
        if (mount[part]) errors.push(forbiddenField(`${at}.volumeMounts[${mountIndex}].${part}`, NOT_FOR_EPHEMERAL));
      }
    }
    return errors;
  });
}

/** Only in Pods: templates have been stored with such images. */
export function validateImageSpace(container: Pick<Container, "image">, field: string): FieldError[] {
  const image = container.image ?? "";
  return image === image.trim() ? [] : [invalidValue(`${field}.image`, image, "must not have leading or trailing whitespace")];
}
