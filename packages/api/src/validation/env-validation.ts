import { type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import type { EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from "../generated/types.ts";
import { canonicalQuantity } from "../quantity.ts";
import { invalidEach } from "./field-checks.ts";
import { checkConfigMapKey, checkDnsSubdomain, checkEnvVarName, checkQualifiedName } from "./names.ts";

const ENV_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
/** What a file of the downward API may hold. */
export const VOLUME_FIELDS = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const RESOURCES = ["cpu", "memory", "ephemeral-storage"].flatMap((name) => [`limits.${name}`, `requests.${name}`]);
const SIZE_DIVISORS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/** A field of the Pod that a variable or file shows. */
export function validateFieldRef(reference: ObjectFieldSelector, field: string, fields: readonly string[] = ENV_FIELDS): FieldError[] {
  if (!reference.apiVersion) return [required(`${field}.apiVersion`)];
  const path = reference.fieldPath;
  if (!path) return [required(`${field}.fieldPath`)];
  const subscript = /^(.*)\['([^']*)'\]$/.exec(path);
  if (subscript !== null) {
    const [, base = "", key = ""] = subscript;
    if (base === "metadata.annotations") return invalidEach(field, key, checkQualifiedName(key.toLowerCase()));
    if (base === "metadata.labels") return invalidEach(field, key, checkQualifiedName(key));
    return [invalidValue(field, base, "does not support subscript")];
  }
  if (![...ENV_FIELDS, ...VOLUME_FIELDS].includes(path)) {
    return [invalidValue(`${field}.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`)];
  }
  return fields.includes(path) ? [] : [notSupported(`${field}.fieldPath`, path, fields)];
}

/** An amount of a container that a variable or file shows. */
export function validateResourceFieldRef(reference: ResourceFieldSelector, field: string, inVolume = false): FieldError[] {
  const errors: FieldError[] = [];
  const { resource = "" } = reference as Partial<ResourceFieldSelector>;
  const isHugePages = /^(?:limits|requests)\.hugepages-/.test(resource);
  if (inVolume && !reference.containerName) errors.push(required(`${field}.containerName`));
  else if (!resource) errors.push(required(`${field}.resource`));
  else if (!RESOURCES.includes(resource) && !isHugePages) errors.push(notSupported(`${field}.resource`, resource, RESOURCES));
  const divisor = canonicalQuantity(reference.divisor ?? "0");
  if (divisor === "0") return errors;
  if (resource.endsWith(".cpu") && !["1m", "1"].includes(divisor)) {
    errors.push(invalidValue(`${field}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource"));
  } else if (!resource.endsWith(".cpu") && (RESOURCES.includes(resource) || isHugePages) && !SIZE_DIVISORS.includes(divisor)) {
    const name = resource.endsWith(".memory") ? "memory" : isHugePages ? "hugepages" : "local ephemeral storage";
    const detail = `only divisor's values ${SIZE_DIVISORS.join(", ")} are supported with the ${name} resource`;
    errors.push(invalidValue(`${field}.divisor`, resource, detail));
  }
  return errors;
}

function validateKeyRef(reference: { name?: string; key?: string }, field: string): FieldError[] {
  const errors = invalidEach(`${field}.name`, reference.name ?? "", checkDnsSubdomain(reference.name ?? ""));
  if (!reference.key) return [...errors, required(`${field}.key`)];
  return [...errors, ...invalidEach(`${field}.key`, reference.key, checkConfigMapKey(reference.key))];
}

function validateValueFrom(variable: EnvVar, field: string): FieldError[] {
  const { valueFrom } = variable;
  if (!valueFrom) return [];
  const errors: FieldError[] = [];
  const sources = Object.values(valueFrom).filter((source) => source !== undefined && source !== null).length;
  if (valueFrom.fieldRef) errors.push(...validateFieldRef(valueFrom.fieldRef, `${field}.fieldRef`));
  if (valueFrom.resourceFieldRef) errors.push(...validateResourceFieldRef(valueFrom.resourceFieldRef, `${field}.resourceFieldRef`));
  if (valueFrom.configMapKeyRef) errors.push(...validateKeyRef(valueFrom.configMapKeyRef, `${field}.configMapKeyRef`));
  if (valueFrom.secretKeyRef) errors.push(...validateKeyRef(valueFrom.secretKeyRef, `${field}.secretKeyRef`));
  if (sources === 0) {
    const detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
    errors.push(invalidValue(field, "", detail));
  } else if (variable.value) errors.push(invalidValue(field, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalidValue(field, "", "may not have more than one field specified at a time"));
  return errors;
}

/** The variables of a container. */
export function validateEnv(variables: readonly EnvVar[], field: string): FieldError[] {
  return variables.flatMap((variable, index) => {
    const at = `${field}[${index}]`;
    const name = variable.name ? invalidEach(`${at}.name`, variable.name, checkEnvVarName(variable.name)) : [required(`${at}.name`)];
    return [...name, ...validateValueFrom(variable, `${at}.valueFrom`)];
  });
}

/** Whole ConfigMaps and Secrets as variables. */
export function validateEnvFrom(sources: readonly EnvFromSource[], field: string): FieldError[] {
  return sources.flatMap((source, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (source.prefix) errors.push(...invalidEach(`${at}.prefix`, source.prefix, checkEnvVarName(source.prefix)));
    for (const name of ["configMapRef", "secretRef"] as const) {
      const reference = source[name];
      if (!reference) continue;
      if (!reference.name) errors.push(required(`${at}.${name}.name`));
      else errors.push(...invalidEach(`${at}.${name}.name`, reference.name, checkDnsSubdomain(reference.name)));
    }
    if (!source.configMapRef && !source.secretRef)
      errors.push(invalidValue(field, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (source.configMapRef && source.secretRef) {
      errors.push(invalidValue(field, "", "may not have more than one field specified at a time"));
    }
    return errors;
  });
}
