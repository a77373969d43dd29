import { duplicate, type FieldError, forbiddenField, invalidValue, notFoundField, notSupported, required } from "../field-error.ts";
import type { ContainerResizePolicy, ResourceRequirements } from "../generated/types.ts";
import { type Quantity, tryParseQuantity } from "../quantity.ts";
import { checkQualifiedName, patternText } from "./names.ts";
import { invalidEach } from "./field-checks.ts";

/** Resources without a domain that containers may name. */
const STANDARD_CONTAINER_RESOURCES = ["cpu", "memory", "ephemeral-storage"];
const QUANTITY_DETAIL = patternText("quantities must match the regular expression", "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$");

/** Resources that only come in whole units: extended ones and counts of objects. */
function isWholeResource(name: string): boolean {
  return (
    isExtendedResource(name) ||
    ["pods", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "resourcequotas"].includes(name) ||
    name === "services.nodeports" ||
    name === "services.loadbalancers" ||
    name.startsWith("count/")
  );
}

/** A name without a domain, or in the domain of Kubernetes itself. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** A resource of somebody else, such as `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return checkQualifiedName(`requests.${name}`).length === 0;
}

/** An amount of a resource: a quantity, not negative, and whole where the resource is. */
export function validateResourceQuantity(field: string, name: string, text: string | undefined): FieldError[] {
  const quantity = tryParseQuantity(text ?? "");
  if (quantity === undefined) return [invalidValue(field, text ?? "", QUANTITY_DETAIL)];
  if (quantity.sign < 0) return [invalidValue(field, quantity.toString(), "must be greater than or equal to 0")];
  if (isWholeResource(name) && quantity.milliValue() % 1000n !== 0n)
    return [invalidValue(field, quantity.toString(), "must be an integer")];
  return [];
}

/** The name of a resource of a container. */
export function validateContainerResourceName(name: string, field: string): FieldError[] {
  const errors = invalidEach(field, name, checkQualifiedName(name));
  if (errors.length > 0) return errors;
  if (!name.includes("/")) {
    if (STANDARD_CONTAINER_RESOURCES.includes(name) || name.startsWith("hugepages-")) return [];
    return [invalidValue(field, name, "must be a standard resource for containers")];
  }
  if (!isNativeResource(name) && !isExtendedResource(name)) {
    return [invalidValue(field, name, "doesn't follow extended resource name standard")];
  }
  return [];
}

const allowsOvercommit = (name: string): boolean => isNativeResource(name) && !name.startsWith("hugepages-");

function amounts(list: Record<string, string> | undefined): Map<string, Quantity> {
  return new Map(
    Object.entries(list ?? {}).flatMap(([name, text]) => {
      const quantity = tryParseQuantity(text);
      return quantity === undefined ? [] : [[name, quantity] as const];
    }),
  );
}

function validateClaims(claims: NonNullable<ResourceRequirements["claims"]>, known: ReadonlySet<string>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const at = `${field}[${index}]`;
    if (!claim.name) errors.push(required(`${at}.name`));
    else {
      const key = claim.request ? `${claim.name}/${claim.request}` : claim.name;
      if (seen.has(key)) errors.push(duplicate(at, key));
      seen.add(key);
      if (!known.has(claim.name)) errors.push(notFoundField(`${at}.name`, claim.name));
    }
  }
  return errors;
}

/** Limits and requests: known names, right amounts, and no request above its limit. */
export function validateResourceRequirements(
  resources: ResourceRequirements | undefined,
  field: string,
  claimNames: ReadonlySet<string> = new Set(),
  validateName: (name: string, field: string) => FieldError[] = validateContainerResourceName,
): FieldError[] {
  if (!resources) return [];
  const errors: FieldError[] = [];
  const limits = amounts(resources.limits);
  const requests = amounts(resources.requests);
  for (const list of ["limits", "requests"] as const) {
    for (const [name, text] of Object.entries(resources[list] ?? {})) {
      errors.push(...validateName(name, `${field}.${list}`), ...validateResourceQuantity(`${field}.${list}[${name}]`, name, text));
    }
  }
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    if (limit === undefined) {
      if (!allowsOvercommit(name)) errors.push(required(`${field}.limits`, "Limit must be set for non overcommitable resources"));
      continue;
    }
    const at = `${field}.requests`;
    if (!allowsOvercommit(name) && request.compare(limit) !== 0) {
      errors.push(invalidValue(at, request.toString(), `must be equal to ${name} limit of ${limit.toString()}`));
    } else if (request.compare(limit) > 0) {
      errors.push(invalidValue(at, request.toString(), `must be less than or equal to ${name} limit of ${limit.toString()}`));
    }
  }
  const hugePages = [...limits.keys(), ...requests.keys()].some((name) => name.startsWith("hugepages-"));
  const others = [...limits.keys(), ...requests.keys()].some((name) => name === "cpu" || name === "memory");
  if (hugePages && !others) errors.push(forbiddenField(field, "HugePages require cpu or memory"));
  if (resources.claims) errors.push(...validateClaims(resources.claims, claimNames, `${field}.claims`));
  return errors;
}

/** What happens to a container when its resources change (KEP-1287). */
export function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  restartPolicy: string | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, policy] of policies.entries()) {
    if (seen.has(policy.resourceName)) errors.push(duplicate(`${field}[${index}]`, policy.resourceName));
    seen.add(policy.resourceName);
    if (!policy.resourceName) errors.push(required(field));
    else if (!["cpu", "memory"].includes(policy.resourceName)) errors.push(notSupported(field, policy.resourceName, ["cpu", "memory"]));
    const kinds = ["NotRequired", "RestartContainer"];
    if (!policy.restartPolicy) errors.push(required(field));
    else if (!kinds.includes(policy.restartPolicy)) errors.push(notSupported(field, policy.restartPolicy, kinds));
    if (restartPolicy === "Never" && policy.restartPolicy !== "NotRequired") {
      errors.push(invalidValue(field, policy.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    }
  }
  return errors;
}
