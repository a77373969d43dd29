import { duplicate, type FieldError, forbiddenField, invalidValue, required } from "../field-error.ts";
import type { LimitRange, LimitRangeItem, ResourceQuota } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { tryParseQuantity } from "../quantity.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { isExtendedResource, isNativeResource, validateResourceQuantity } from "./container-resources-validation.ts";
import { invalidEach } from "./field-checks.ts";
import { checkQualifiedName } from "./names.ts";

const QUOTA_RESOURCES = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "persistentvolumeclaims",
  "configmaps",
  "services.nodeports",
  "services.loadbalancers",
]);
const SCOPES = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
];
const EXCLUSIVE_SCOPES = [
  ["Terminating", "NotTerminating"],
  ["BestEffort", "NotBestEffort"],
] as const;

/** The name of something that a quota counts. */
function validateQuotaResource(name: string, field: string): FieldError[] {
  const errors = invalidEach(field, name, checkQualifiedName(name));
  if (errors.length > 0 || name.includes("/")) return errors;
  const known =
    QUOTA_RESOURCES.has(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-") || name.startsWith("count/");
  return known ? [] : [invalidValue(field, name, "must be a standard resource for quota")];
}

function validateScopes(quota: ResourceQuota): FieldError[] {
  const scopes = quota.spec?.scopes ?? [];
  const errors: FieldError[] = [];
  for (const scope of scopes) if (!SCOPES.includes(scope)) errors.push(invalidValue("spec.scopes", scopes, "unsupported scope"));
  for (const [one, other] of EXCLUSIVE_SCOPES) {
    if (scopes.includes(one) && scopes.includes(other)) errors.push(invalidValue("spec.scopes", scopes, "conflicting scopes"));
  }
  for (const expression of quota.spec?.scopeSelector?.matchExpressions ?? []) {
    const field = "spec.scopeSelector.matchExpressions";
    const { scopeName, operator, values = [] } = expression;
    if (!SCOPES.includes(scopeName)) errors.push(invalidValue(`${field}.scopeName`, scopeName, "unsupported scope"));
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0)
        errors.push(required(`${field}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0)
        errors.push(
          invalidValue(`${field}.values`, values, "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector"),
        );
    } else errors.push(invalidValue(`${field}.operator`, operator, "not a valid selector operator"));
  }
  return errors;
}

/** Everything that is wrong with a ResourceQuota. */
export function validateResourceQuotaObject(quota: ResourceQuota, old: ResourceQuota | undefined, context: WriteContext): FieldError[] {
  const list = (field: string, amounts: Record<string, string> | undefined): FieldError[] =>
    Object.entries(amounts ?? {}).flatMap(([name, text]) => [
      ...validateQuotaResource(name, `${field}[${name}]`),
      ...validateResourceQuantity(`${field}[${name}]`, name, text),
    ]);
  if (old !== undefined && context.subresource === "status")
    return [...list("status.hard", quota.status?.hard), ...list("status.used", quota.status?.used)];
  const errors = [...list("spec.hard", quota.spec?.hard), ...validateScopes(quota)];
  if (old === undefined) return errors;
  const scopes = (one: ResourceQuota): string[] => [...(one.spec?.scopes ?? [])].sort();
  if (!semanticEqual(scopes(quota), scopes(old)))
    errors.push(invalidValue("spec.scopes", quota.spec?.scopes ?? null, "field is immutable"));
  if (!semanticEqual(quota.spec?.scopeSelector, old.spec?.scopeSelector)) {
    errors.push(invalidValue("spec.scopeSelector", quota.spec?.scopeSelector ?? null, "field is immutable"));
  }
  return errors;
}

const LISTS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

function validateLimitOrder(item: LimitRangeItem, name: string, field: string): FieldError[] {
  const amount = (list: (typeof LISTS)[number]) => tryParseQuantity(item[list]?.[name]);
  const [max, min, limit, request, ratio] = [
    amount("max"),
    amount("min"),
    amount("default"),
    amount("defaultRequest"),
    amount("maxLimitRequestRatio"),
  ];
  const errors: FieldError[] = [];
  const below = (list: string, low: typeof max, lowName: string, high: typeof max, highName: string): void => {
    if (low !== undefined && high !== undefined && low.compare(high) > 0) {
      errors.push(
        invalidValue(
          `${field}.${list}[${name}]`,
          low.toString(),
          `${lowName} value ${low.toString()} is greater than ${highName} value ${high.toString()}`,
        ),
      );
    }
  };
  below("min", min, "min", max, "max");
  if (min !== undefined && request !== undefined && min.compare(request) > 0) {
    const detail = `min value ${min.toString()} is greater than default request value ${request.toString()}`;
    errors.push(invalidValue(`${field}.defaultRequest[${name}]`, request.toString(), detail));
  }
  below("defaultRequest", request, "default request", max, "max");
  below("defaultRequest", request, "default request", limit, "default limit");
  if (min !== undefined && limit !== undefined && min.compare(limit) > 0) {
    errors.push(
      invalidValue(
        `${field}.default[${name}]`,
        min.toString(),
        `min value ${min.toString()} is greater than default value ${limit.toString()}`,
      ),
    );
  }
  below("default", limit, "default", max, "max");
  if (ratio !== undefined && ratio.milliValue() < 1000n) {
    errors.push(invalidValue(`${field}.maxLimitRequestRatio[${name}]`, ratio.toString(), `ratio ${ratio.toString()} is less than 1`));
  }
  return errors;
}

/** Everything that is wrong with a LimitRange. */
export function validateLimitRange(limitRange: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (limitRange.spec?.limits ?? []).flatMap((item, index) => {
    const field = `spec.limits[${index}]`;
    const errors = invalidEach(`${field}.type`, item.type ?? "", checkQualifiedName(item.type ?? ""));
    if (types.has(item.type)) errors.push(duplicate(`${field}.type`, item.type));
    types.add(item.type);
    const names = new Set<string>();
    for (const list of LISTS) {
      for (const [name, text] of Object.entries(item[list] ?? {})) {
        names.add(name);
        errors.push(...invalidEach(`${field}.${list}[${name}]`, name, checkQualifiedName(name)));
        errors.push(...validateResourceQuantity(`${field}.${list}[${name}]`, name, text));
      }
    }
    if (item.type === "Pod") {
      for (const list of ["default", "defaultRequest"] as const) {
        if (Object.keys(item[list] ?? {}).length > 0)
          errors.push(forbiddenField(`${field}.${list}`, "may not be specified when `type` is 'Pod'"));
      }
    }
    if (item.type === "PersistentVolumeClaim" && item.min?.storage === undefined && item.max?.storage === undefined) {
      errors.push(required(`${field}.limits`, "either minimum or maximum storage value is required, but neither was provided"));
    }
    for (const name of names) {
      errors.push(...validateLimitOrder(item, name, field));
      const overcommit = isNativeResource(name) && !name.startsWith("hugepages-");
      const [limit, request] = [tryParseQuantity(item.default?.[name]), tryParseQuantity(item.defaultRequest?.[name])];
      if (!overcommit && (isExtendedResource(name) || name.startsWith("hugepages-")) && limit && request && limit.compare(request) !== 0) {
        const detail = `default value ${limit.toString()} must equal to defaultRequest value ${request.toString()} in ${name}`;
        errors.push(invalidValue(`${field}.defaultRequest[${name}]`, request.toString(), detail));
      }
    }
    return errors;
  });
}
