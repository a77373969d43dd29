import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { FlowSchema, PriorityLevelConfiguration, PriorityLevelConfigurationSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { inRange, nonNegative, oneOf, requiredText } from "./field-checks.ts";

const MAX_PRECEDENCE = 10_000;
const MAX_QUEUES = 10_000_000;

function validateSubjects(
  subjects: NonNullable<NonNullable<FlowSchema["spec"]>["rules"]>[number]["subjects"],
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if ((subjects ?? []).length === 0) errors.push(required(field, "subjects must contain at least one value"));
  for (const [index, subject] of (subjects ?? []).entries()) {
    const at = `${field}[${index}]`;
    errors.push(...oneOf(`${at}.kind`, subject.kind, ["Group", "ServiceAccount", "User"]));
    if (subject.kind === "ServiceAccount") {
      errors.push(
        ...requiredText(`${at}.serviceAccount.name`, subject.serviceAccount?.name),
        ...requiredText(`${at}.serviceAccount.namespace`, subject.serviceAccount?.namespace),
      );
    } else if (subject.kind === "User") errors.push(...requiredText(`${at}.user.name`, subject.user?.name));
    else if (subject.kind === "Group") errors.push(...requiredText(`${at}.group.name`, subject.group?.name));
  }
  return errors;
}

/** Everything that is wrong with a FlowSchema. */
export function validateFlowSchema(schema: FlowSchema, old: FlowSchema | undefined, context: WriteContext): FieldError[] {
  const { spec } = schema;
  if (old !== undefined && context.subresource === "status") return [];
  const errors: FieldError[] = [];
  const precedence = spec?.matchingPrecedence ?? 0;
  if (precedence <= 0) errors.push(invalidValue("spec.matchingPrecedence", precedence, "must be a positive value"));
  if (precedence > MAX_PRECEDENCE)
    errors.push(invalidValue("spec.matchingPrecedence", precedence, `must not be greater than ${MAX_PRECEDENCE}`));
  if (precedence === 1 && schema.metadata?.name !== "exempt") {
    errors.push(invalidValue("spec.matchingPrecedence", precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
  if (spec?.distinguisherMethod)
    errors.push(...oneOf("spec.distinguisherMethod", spec.distinguisherMethod.type, ["ByNamespace", "ByUser"]));
  if (!spec?.priorityLevelConfiguration?.name)
    errors.push(required("spec.priorityLevelConfiguration.name", "must reference a priority level"));
  for (const [index, rule] of (spec?.rules ?? []).entries()) {
    const field = `spec.rules[${index}]`;
    errors.push(...validateSubjects(rule.subjects, `${field}.subjects`));
    const { resourceRules = [], nonResourceRules = [] } = rule;
    if (resourceRules.length + nonResourceRules.length === 0) {
      errors.push(required(field, "at least one of resourceRules and nonResourceRules has to be non-empty"));
    }
    for (const [at, one] of resourceRules.entries()) {
      if ((one.verbs ?? []).length === 0)
        errors.push(required(`${field}.resourceRules[${at}].verbs`, "verbs must contain at least one value"));
      if ((one.apiGroups ?? []).length === 0) {
        errors.push(required(`${field}.resourceRules[${at}].apiGroups`, "resource rules must supply at least one api group"));
      }
      if ((one.resources ?? []).length === 0) {
        errors.push(required(`${field}.resourceRules[${at}].resources`, "resource rules must supply at least one resource"));
      }
      if ((one.namespaces ?? []).length === 0 && !one.clusterScope) {
        errors.push(
          required(
            `${field}.resourceRules[${at}].namespaces`,
            "resource rules that are not cluster scoped must supply at least one namespace",
          ),
        );
      }
    }
  }
  return errors;
}

function validateLimited(limited: NonNullable<PriorityLevelConfigurationSpec["limited"]>): FieldError[] {
  const errors = nonNegative("spec.limited.nominalConcurrencyShares", limited.nominalConcurrencyShares);
  if (limited.lendablePercent !== undefined) errors.push(...inRange("spec.limited.lendablePercent", limited.lendablePercent, 0, 100));
  if (limited.borrowingLimitPercent !== undefined)
    errors.push(...nonNegative("spec.limited.borrowingLimitPercent", limited.borrowingLimitPercent));
  const { type, queuing } = limited.limitResponse ?? {};
  if (type === "Reject") {
    if (queuing)
      errors.push(forbiddenField("spec.limited.limitResponse.queuing", "must be nil if limited.limitResponse.type is not Limited"));
    return errors;
  }
  if (type !== "Queue") return [...errors, notSupported("spec.limited.limitResponse.type", type ?? "", ["Queue", "Reject"])];
  if (!queuing)
    return [...errors, required("spec.limited.limitResponse.queuing", "must not be empty if limited.limitResponse.type is Limited")];
  const { queues = 0, queueLengthLimit = 0, handSize = 0 } = queuing;
  const at = "spec.limited.limitResponse.queuing";
  if (queues <= 0) errors.push(invalidValue(`${at}.queues`, queues, "must be positive"));
  else if (queues > MAX_QUEUES) errors.push(invalidValue(`${at}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  if (queueLengthLimit <= 0) errors.push(invalidValue(`${at}.queueLengthLimit`, queueLengthLimit, "must be positive"));
  if (handSize <= 0) errors.push(invalidValue(`${at}.handSize`, handSize, "must be positive"));
  else if (handSize > queues) errors.push(invalidValue(`${at}.handSize`, handSize, `should not be greater than queues (${queues})`));
  return errors;
}

/** Everything that is wrong with a PriorityLevelConfiguration. */
export function validatePriorityLevel(
  level: PriorityLevelConfiguration,
  old: PriorityLevelConfiguration | undefined,
  context: WriteContext,
): FieldError[] {
  if (old !== undefined && context.subresource === "status") {
    const seen = new Set<string>();
    return (level.status?.conditions ?? []).flatMap(({ type = "" }, index) => {
      const errors = [
        ...requiredText(`status.conditions[${index}].type`, type),
        ...(seen.has(type) ? [duplicate(`status.conditions[${index}].type`, type)] : []),
      ];
      seen.add(type);
      return errors;
    });
  }
  const spec = level.spec ?? ({} as PriorityLevelConfigurationSpec);
  const exemptName = level.metadata?.name === "exempt";
  if (exemptName !== (spec.type === "Exempt"))
    return [
      invalidValue("spec.type", spec.type ?? "", `must be '${exemptName ? "Exempt" : "Limited"}' if and only if \`name\` is 'exempt'`),
    ];
  if (spec.type === "Exempt") {
    return spec.limited ? [forbiddenField("spec.limited", "must be nil if the type is not Limited")] : [];
  }
  if (spec.type !== "Limited") return [notSupported("spec.type", spec.type ?? "", ["Exempt", "Limited"])];
  if (spec.exempt) return [forbiddenField("spec.exempt", "must be nil if the type is Limited")];
  return spec.limited ? validateLimited(spec.limited) : [required("spec.limited", "must not be empty when type is Limited")];
}
