import type { Container, ObjectMeta, Pod, PodSpec, PodTemplateSpec, Volume } from "../generated/types.ts";
import { tryParseQuantity } from "../quantity.ts";
import { checkDnsLabel } from "../validation/names.ts";

/** Labels of nodes under their old names. */
const OLD_LABELS: ReadonlyMap<string, string> = new Map([
  ["beta.kubernetes.io/arch", 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ["beta.kubernetes.io/os", 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ["beta.kubernetes.io/instance-type", 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ["failure-domain.beta.kubernetes.io/region", 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ["failure-domain.beta.kubernetes.io/zone", 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
]);

/** Volumes that upstream has stopped, or will stop, to mount. */
const OLD_VOLUMES: ReadonlyMap<string, string> = new Map([
  ["photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "deprecated in v1.28, non-functional in v1.31+"],
]);

const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";
const APPARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/";

/** A warning for a label of nodes that has a new name. */
export function oldLabelWarning(field: string, label: string): string[] {
  const advice = OLD_LABELS.get(label);
  return advice === undefined ? [] : [`${field}: ${advice}`];
}

/** Names that become part of hostnames, though more is allowed. */
export function hostnameWarning(name: string | undefined, use: string): string[] {
  const wrong = checkDnsLabel(name ?? "");
  if (wrong.length === 0) return [];
  return [
    `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${wrong.join(" ")}]`,
  ];
}

function annotationWarnings(metadata: ObjectMeta | undefined, field: string): string[] {
  return Object.keys(metadata?.annotations ?? {}).flatMap((key) => {
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) {
      return [`${field}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`];
    }
    if (key.startsWith(APPARMOR_CONTAINER)) return [`${field}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`];
    return [];
  });
}

function volumeWarnings(volume: Volume, field: string): string[] {
  return Object.keys(volume).flatMap((kind) => {
    const advice = OLD_VOLUMES.get(kind);
    return advice === undefined ? [] : [`${field}.${kind}: ${advice}`];
  });
}

function containerWarnings(container: Container, field: string): string[] {
  const warnings: string[] = [];
  for (const list of ["limits", "requests"] as const) {
    for (const [name, text] of Object.entries(container.resources?.[list] ?? {})) {
      const quantity = tryParseQuantity(text);
      const fractional = quantity !== undefined && quantity.milliValue() % 1000n !== 0n;
      if (fractional && (name === "memory" || name === "ephemeral-storage")) {
        warnings.push(`${field}.resources.${list}[${name}]: fractional byte value "${text}" is invalid, must be an integer`);
      }
    }
  }
  const names = new Map<string, string>();
  for (const [index, variable] of (container.env ?? []).entries()) {
    // A variable that is built from its own earlier value does not hide it.
    const extends_ = variable.value?.includes(`$(${variable.name})`);
    if (names.has(variable.name) && !extends_) {
      warnings.push(`${field}.env[${index}]: hides previous definition of "${variable.name}", which may be dropped when using apply`);
    }
    names.set(variable.name, variable.value ?? "");
  }
  return warnings;
}

function portWarnings(containers: readonly Container[], field: string): string[] {
  const seen = new Map<string, string>();
  return containers.flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, at) => {
      const where = `${field}[${index}].ports[${at}]`;
      const key = `${port.protocol}/${port.containerPort}/${port.hostPort ?? 0}/${port.hostIP ?? ""}`;
      const first = seen.get(key);
      if (first !== undefined) return [`${where}: duplicate port definition with ${first}`];
      seen.set(key, where);
      return [];
    }),
  );
}

/** Warnings for what a Pod or a template asks for. */
function podSpecWarnings(spec: PodSpec | undefined, metadata: ObjectMeta | undefined, field: string, metadataField: string): string[] {
  if (spec === undefined) return [];
  const warnings = Object.keys(spec.nodeSelector ?? {}).flatMap((label) => oldLabelWarning(`${field}.nodeSelector[${label}]`, label));
  const affinity = spec.affinity?.nodeAffinity;
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [index, term] of required.entries()) {
    for (const [at, { key }] of (term.matchExpressions ?? []).entries()) {
      const path = `${field}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}].matchExpressions[${at}].key`;
      warnings.push(...oldLabelWarning(`${path}: ${key} is`, key).map((text) => text.replace(" is: ", " is ")));
    }
  }
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const path = `${field}.topologySpreadConstraints[${index}].topologyKey: ${constraint.topologyKey} is`;
    warnings.push(...oldLabelWarning(path, constraint.topologyKey).map((text) => text.replace(" is: ", " is ")));
  }
  warnings.push(...annotationWarnings(metadata, `${metadataField}.annotations`));
  for (const [index, secret] of (spec.imagePullSecrets ?? []).entries()) {
    if (!secret.name) warnings.push(`${field}.imagePullSecrets[${index}].name: invalid empty name ""`);
  }
  for (const [index, volume] of (spec.volumes ?? []).entries()) warnings.push(...volumeWarnings(volume, `${field}.volumes[${index}]`));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(`${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  for (const list of ["initContainers", "containers"] as const) {
    for (const [index, container] of (spec[list] ?? []).entries())
      warnings.push(...containerWarnings(container, `${field}.${list}[${index}]`));
  }
  return [...warnings, ...portWarnings(spec.containers ?? [], `${field}.containers`)];
}

/** Warnings for a new Pod; updates come from controllers and nodes, which read none. */
export function podWarnings(pod: Pod, old: Pod | undefined): string[] {
  if (old !== undefined) return [];
  return [...hostnameWarning(pod.metadata?.name, "the Pod's hostname"), ...podSpecWarnings(pod.spec, pod.metadata, "spec", "metadata")];
}

/** Warnings for a template, when it is new or has changed. */
export function templateWarnings(template: PodTemplateSpec | undefined, field: string): string[] {
  return podSpecWarnings(template?.spec, template?.metadata, `${field}.spec`, `${field}.metadata`);
}
