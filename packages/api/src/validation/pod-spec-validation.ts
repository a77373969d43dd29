import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { ObjectMeta, PodDNSConfig, PodResourceClaim, PodSpec, PodTemplateSpec } from "../generated/types.ts";
import { podRequests } from "../pod-resources.ts";
import { tryParseQuantity } from "../quantity.ts";
import { validateAffinity, validateTolerations, validateTopologySpread } from "./affinity-validation.ts";
import { validateContainerResourceName, validateResourceQuantity, validateResourceRequirements } from "./container-resources-validation.ts";
import { validateContainers, validateEphemeralContainers, validateInitContainers, type ContainerScope } from "./container-validation.ts";
import { inRange, invalidEach, oneOf, optionalOneOf } from "./field-checks.ts";
import { validateIp } from "./ip-address.ts";
import { validateLabels } from "./labels.ts";
import { checkDnsLabel, checkDnsSubdomain, checkQualifiedName } from "./names.ts";
import { validateAnnotations } from "./object-meta.ts";
import { validateHostUsers, validatePodSecurityContext } from "./security-context-validation.ts";
import { validateVolumes } from "./volume-validation.ts";

const MAX_INT32 = 2 ** 31 - 1;
const MAX_NAMESERVERS = 3;
const MAX_SEARCH_PATHS = 32;
const MAX_SEARCH_LENGTH = 2048;
const RESTART_POLICIES = ["Always", "Never", "OnFailure"];
const DNS_POLICIES = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
const SEARCH_DOMAIN = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;

/** Where a Pod specification stands. */
interface PodSpecContext {
  /** The Pod's own metadata; absent in templates. */
  readonly metadata?: ObjectMeta;
}

function validateDnsConfig(config: PodDNSConfig | undefined, policy: string | undefined, field: string): FieldError[] {
  if (policy === "None") {
    if (!config) return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if ((config.nameservers ?? []).length === 0) {
      return [required(`${field}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
    }
  }
  if (!config) return [];
  const errors: FieldError[] = [];
  const { nameservers = [], searches = [], options = [] } = config;
  if (nameservers.length > MAX_NAMESERVERS) {
    errors.push(invalidValue(`${field}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`));
  }
  for (const [index, server] of nameservers.entries()) errors.push(...validateIp(`${field}.nameservers[${index}]`, server));
  if (searches.length > MAX_SEARCH_PATHS) {
    errors.push(invalidValue(`${field}.searches`, searches, `must not have more than ${MAX_SEARCH_PATHS} search paths`));
  }
  if (searches.join(" ").length > MAX_SEARCH_LENGTH) {
    const detail = `must not have more than ${MAX_SEARCH_LENGTH} characters (including spaces) in the search list`;
    errors.push(invalidValue(`${field}.searches`, searches, detail));
  }
  for (const [index, search] of searches.entries()) {
    const domain = search === "." ? "a" : search.replace(/\.$/, "");
    if (!SEARCH_DOMAIN.test(domain)) errors.push(...invalidEach(`${field}.searches[${index}]`, domain, checkDnsSubdomain(domain)));
  }
  for (const [index, option] of options.entries()) {
    if (!option.name) errors.push(required(`${field}.options[${index}]`, "must not be empty"));
  }
  return errors;
}

function validateResourceClaims(claims: readonly PodResourceClaim[], field: string): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (!claim.name) errors.push(required(`${at}.name`));
    else if (names.has(claim.name)) errors.push(duplicate(`${at}.name`, claim.name));
    else errors.push(...invalidEach(`${at}.name`, claim.name, checkDnsLabel(claim.name)));
    names.add(claim.name);
    const { resourceClaimName: byName, resourceClaimTemplateName: byTemplate } = claim;
    if (byName !== undefined && byTemplate !== undefined) {
      errors.push(invalidValue(at, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"));
    }
    if (byName === undefined && byTemplate === undefined) {
      errors.push(invalidValue(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    }
    if (byName !== undefined) errors.push(...invalidEach(`${at}.resourceClaimName`, byName, checkDnsSubdomain(byName)));
    if (byTemplate !== undefined) errors.push(...invalidEach(`${at}.resourceClaimTemplateName`, byTemplate, checkDnsSubdomain(byTemplate)));
    return errors;
  });
}

function validateGates(spec: PodSpec, field: string): FieldError[] {
  const errors = (spec.readinessGates ?? []).flatMap((gate, index) =>
    invalidEach(`${field}.readinessGates[${index}].conditionType`, gate.conditionType ?? "", checkQualifiedName(gate.conditionType ?? "")),
  );
  const seen = new Set<string>();
  for (const [index, gate] of (spec.schedulingGates ?? []).entries()) {
    const at = `${field}.schedulingGates[${index}]`;
    errors.push(...invalidEach(at, gate.name ?? "", checkQualifiedName(gate.name ?? "")));
    if (seen.has(gate.name)) errors.push(duplicate(at, gate.name));
    seen.add(gate.name);
  }
  return errors;
}

/** On the node's own network a port of the host is the container's port; in templates it may be left out. */
function validateHostNetworkPorts(spec: PodSpec, isPod: boolean, field: string): FieldError[] {
  if (!spec.hostNetwork) return [];
  return (spec.containers ?? []).flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, at) => {
      const hostPort = port.hostPort ?? 0;
      if ((!isPod && hostPort === 0) || hostPort === port.containerPort) return [];
      const where = `${field}.containers[${index}].ports[${at}].hostPort`;
      return [invalidValue(where, hostPort, "must match `containerPort` when `hostNetwork` is true")];
    }),
  );
}

/** The resources of the Pod as a whole must cover those of its containers (KEP-2837). */
function validatePodLevelResources(spec: PodSpec, claimNames: ReadonlySet<string>, field: string): FieldError[] {
  const { resources } = spec;
  if (!resources) return [];
  const errors: FieldError[] = [];
  if (resources.claims) errors.push(forbiddenField(`${field}.claims`, "claims cannot be set for Resources at pod-level"));
  const validateName = (name: string, at: string): FieldError[] =>
    ["cpu", "memory"].includes(name) || name.startsWith("hugepages-") ? [] : [notSupported(at, name, ["cpu", "hugepages-", "memory"])];
  errors.push(...validateResourceRequirements({ ...resources, claims: undefined }, field, claimNames, validateName));
  for (const [name, asked] of podRequests({ spec }, { skipPodLevel: true, excludeOverhead: true })) {
    const given = tryParseQuantity(resources.requests?.[name] ?? "0");
    if (given !== undefined && asked.compare(given) > 0 && validateName(name, field).length === 0) {
      const detail = `must be greater than or equal to aggregate container requests of ${asked.toString()}`;
      errors.push(invalidValue(`${field}.requests[${name}]`, given.toString(), detail));
    }
  }
  for (const [index, container] of (spec.containers ?? []).entries()) {
    for (const [name, text] of Object.entries(container.resources?.limits ?? {})) {
      const whole = tryParseQuantity(resources.limits?.[name]);
      const own = tryParseQuantity(text);
      if (whole !== undefined && own !== undefined && own.compare(whole) > 0) {
        const detail = `must be less than or equal to pod limits of ${whole.toString()}`;
        errors.push(invalidValue(`${field}.containers[${index}][${name}].limits`, own.toString(), detail));
      }
    }
  }
  return errors;
}

/** Names of other objects and of the Pod itself. */
function validateNames(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const part of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const) {
    const name = spec[part];
    if (name || (part === "runtimeClassName" && name !== undefined))
      errors.push(...invalidEach(`${field}.${part}`, name, checkDnsSubdomain(name ?? "")));
  }
  for (const part of ["hostname", "subdomain"] as const) {
    const name = spec[part];
    if (name) errors.push(...invalidEach(`${field}.${part}`, name, checkDnsLabel(name)));
  }
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    errors.push(...validateIp(`${field}.hostAliases[${index}].ip`, alias.ip ?? ""));
    for (const [at, hostname] of (alias.hostnames ?? []).entries()) {
      errors.push(...invalidEach(`${field}.hostAliases[${index}].hostnames[${at}]`, hostname, checkDnsSubdomain(hostname)));
    }
  }
  return errors;
}

function validateOperatingSystem(spec: PodSpec, field: string): FieldError[] {
  if (!spec.os) return [];
  if (!spec.os.name) return [required(`${field}.os.name`, "cannot be empty")];
  if (!["linux", "windows"].includes(spec.os.name)) return [notSupported(`${field}.os.name`, spec.os.name, ["linux", "windows"])];
  if (spec.os.name === "linux" && spec.securityContext?.windowsOptions) {
    return [forbiddenField(`${field}.securityContext.windowsOptions`, "windows options cannot be set for a linux pod")];
  }
  return [];
}

/** Everything that is wrong with what a Pod, or a template of one, asks for. */
export function validatePodSpec(spec: PodSpec, field: string, context: PodSpecContext = {}): FieldError[] {
  const { errors: volumeErrors, known } = validateVolumes(spec.volumes ?? [], context.metadata, `${field}.volumes`);
  const claimNames = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
  const scope: ContainerScope = { spec, volumes: known, claimNames };
  const errors = [
    ...volumeErrors,
    ...validateResourceClaims(spec.resourceClaims ?? [], `${field}.resourceClaims`),
    ...validateContainers(scope, `${field}.containers`),
    ...validateInitContainers(scope, `${field}.initContainers`),
    ...validateEphemeralContainers(scope, `${field}.ephemeralContainers`),
    ...validatePodLevelResources(spec, claimNames, `${field}.resources`),
    ...validateHostNetworkPorts(spec, context.metadata !== undefined, field),
    ...oneOf(`${field}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...oneOf(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${field}.securityContext`),
    ...validateAffinity(spec.affinity, `${field}.affinity`),
    ...validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${field}.dnsConfig`),
    ...validateGates(spec, field),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${field}.topologySpreadConstraints`),
    ...validateHostUsers(spec, field),
    ...validateNames(spec, field),
    ...validateTolerations(spec.tolerations ?? [], `${field}.tolerations`),
    ...optionalOneOf(`${field}.preemptionPolicy`, spec.preemptionPolicy, ["Never", "PreemptLowerPriority"]),
    ...validateOperatingSystem(spec, field),
  ];
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined) errors.push(...inRange(`${field}.activeDeadlineSeconds`, deadline, 1, MAX_INT32));
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    errors.push(...validateContainerResourceName(name, `${field}.overhead.limits`));
    errors.push(...validateResourceQuantity(`${field}.overhead.limits[${name}]`, name, text));
  }
  return errors;
}

/** Everything that is wrong with a Pod template. */
export function validatePodTemplate(template: PodTemplateSpec | undefined, field: string): FieldError[] {
  if (template === undefined) return [required(`${field}.spec.containers`)];
  const errors = [
    ...validateLabels(template.metadata?.labels, `${field}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${field}.annotations`),
    ...validatePodSpec(template.spec ?? { containers: [] }, `${field}.spec`),
  ];
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    errors.push(forbiddenField(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"));
  }
  return errors;
}
