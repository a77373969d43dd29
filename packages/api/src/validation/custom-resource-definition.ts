import { isConditionTrue } from "../conditions.ts";
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { immutable, invalidEach, oneOf, requiredText } from "./field-checks.ts";
import { checkDns1035Label, checkDnsSubdomain } from "./names.ts";
import { validateStructuralSchema } from "./structural-schema.ts";
import { validateClientConfig } from "./webhook-validation.ts";

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const MAX_SELECTABLE_FIELDS = 8;

function validateNames(names: Partial<CustomResourceDefinitionNames>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const part of ["plural", "singular", "kind", "listKind"] as const) {
    const name = names[part] ?? "";
    if (name === "") {
      errors.push(required(`${field}.${part}`));
      continue;
    }
    const mixed = part === "kind" || part === "listKind";
    const wrong = checkDns1035Label(mixed ? name.toLowerCase() : name);
    const prefix = mixed ? "may have mixed case, but should otherwise match: " : "";
    errors.push(
      ...invalidEach(
        `${field}.${part}`,
        name,
        wrong.map((problem) => `${prefix}${problem}`),
      ),
    );
  }
  for (const list of ["shortNames", "categories"] as const) {
    for (const [index, name] of (names[list] ?? []).entries())
      errors.push(...invalidEach(`${field}.${list}[${index}]`, name, checkDns1035Label(name)));
  }
  if (names.kind && names.kind === names.listKind)
    errors.push(invalidValue(`${field}.listKind`, names.listKind, "kind and listKind may not be the same"));
  return errors;
}

/** A path into an object: dots, and brackets around keys that have dots themselves. */
const SIMPLE_PATH = /^(\.[A-Za-z_$][\w$-]*|\['[^']+'\]|\[\d+\]|\.?\[[^\]]+\]|\.[\w\\./-]+)+$/;

function validateSubresources(version: CustomResourceDefinitionVersion, field: string): FieldError[] {
  const { scale } = version.subresources ?? {};
  if (!scale) return [];
  const errors: FieldError[] = [];
  const at = `${field}.subresources.scale`;
  const paths = [
    ["specReplicasPath", scale.specReplicasPath, ".spec", true],
    ["statusReplicasPath", scale.statusReplicasPath, ".status", true],
    ["labelSelectorPath", scale.labelSelectorPath, "", false],
  ] as const;
  for (const [name, path, prefix, needed] of paths) {
    if (!path) {
      if (needed) errors.push(required(`${at}.${name}`));
    } else if (prefix !== "" && !path.startsWith(`${prefix}.`))
      errors.push(invalidValue(`${at}.${name}`, path, `should be a json path under ${prefix}`));
    else if (prefix === "" && !path.startsWith(".spec.") && !path.startsWith(".status.")) {
      errors.push(invalidValue(`${at}.${name}`, path, "should be a json path under either .spec or .status"));
    }
  }
  return errors;
}

function validateVersion(version: CustomResourceDefinitionVersion, field: string): FieldError[] {
  const errors = invalidEach(`${field}.name`, version.name ?? "", checkDns1035Label(version.name ?? ""));
  const schema = version.schema?.openAPIV3Schema;
  if (!schema) errors.push(required(`${field}.schema.openAPIV3Schema`, "schemas are required"));
  else errors.push(...validateStructuralSchema(schema, `${field}.schema.openAPIV3Schema`));
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries()) {
    const at = `${field}.additionalPrinterColumns[${index}]`;
    errors.push(...requiredText(`${at}.name`, column.name), ...oneOf(`${at}.type`, column.type, COLUMN_TYPES));
    if (column.format && !COLUMN_FORMATS.includes(column.format)) errors.push(notSupported(`${at}.format`, column.format, COLUMN_FORMATS));
    if (!column.jsonPath) errors.push(required(`${at}.jsonPath`));
    else if (!SIMPLE_PATH.test(column.jsonPath))
      errors.push(invalidValue(`${at}.jsonPath`, column.jsonPath, "must be a valid json path starting with ."));
  }
  if (version.deprecationWarning !== undefined && !version.deprecated) {
    errors.push(invalidValue(`${field}.deprecationWarning`, version.deprecationWarning, "can only be set for deprecated versions"));
  }
  const fields = version.selectableFields ?? [];
  if (fields.length > MAX_SELECTABLE_FIELDS) {
    errors.push({
      type: "FieldValueTooMany",
      field: `${field}.selectableFields`,
      message: `Too many: ${fields.length}: must have at most ${MAX_SELECTABLE_FIELDS} items`,
    });
  }
  const paths = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const at = `${field}.selectableFields[${index}].jsonPath`;
    if (!jsonPath) errors.push(required(at));
    else if (jsonPath.startsWith(".metadata.")) errors.push(invalidValue(at, jsonPath, "must not point to fields in metadata"));
    if (paths.has(jsonPath)) errors.push(duplicate(at, jsonPath));
    paths.add(jsonPath);
  }
  return [...errors, ...validateSubresources(version, field)];
}

function validateConversion(conversion: CustomResourceDefinitionSpec["conversion"], field: string): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const errors = oneOf(`${field}.strategy`, strategy, ["None", "Webhook"]);
  if (strategy !== "Webhook") {
    if (webhook) errors.push(forbiddenField(`${field}.webhook`, "should not be set when strategy is not set to Webhook"));
    return errors;
  }
  if (!webhook?.clientConfig) errors.push(required(`${field}.webhookClientConfig`, "required when strategy is set to Webhook"));
  else errors.push(...validateClientConfig(webhook.clientConfig, `${field}.webhookClientConfig`));
  const versions = webhook?.conversionReviewVersions ?? [];
  if (versions.length === 0) errors.push(required(`${field}.conversionReviewVersions`));
  else if (!versions.some((version) => version === "v1" || version === "v1beta1")) {
    errors.push(invalidValue(`${field}.conversionReviewVersions`, versions, "must include at least one of v1, v1beta1"));
  }
  return errors;
}

function validateSpec(spec: CustomResourceDefinitionSpec): FieldError[] {
  const errors: FieldError[] = [];
  const group = spec.group ?? "";
  if (group === "") errors.push(required("spec.group"));
  else {
    errors.push(...invalidEach("spec.group", group, checkDnsSubdomain(group)));
    if (!group.includes(".")) errors.push(invalidValue("spec.group", group, "should be a domain with at least one dot"));
  }
  errors.push(...oneOf("spec.scope", spec.scope, ["Cluster", "Namespaced"]));
  if (spec.preserveUnknownFields) {
    const detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    errors.push(invalidValue("spec.preserveUnknownFields", true, detail));
  }
  const versions = spec.versions ?? [];
  const names = versions.map((version) => version.name);
  if (new Set(names).size !== names.length) errors.push(invalidValue("spec.versions", spec.versions, "must contain unique version names"));
  if (versions.filter((version) => version.storage).length !== 1) {
    errors.push(invalidValue("spec.versions", spec.versions ?? null, "must have exactly one version marked as storage version"));
  }
  for (const [index, version] of versions.entries()) errors.push(...validateVersion(version, `spec.versions[${index}]`));
  return [...errors, ...validateNames(spec.names ?? {}, "spec.names"), ...validateConversion(spec.conversion, "spec.conversion")];
}

function validateStoredVersions(definition: CustomResourceDefinition): FieldError[] {
  const stored = definition.status?.storedVersions ?? [];
  const versions = definition.spec?.versions ?? [];
  const errors: FieldError[] = [];
  if (stored.length === 0) errors.push(invalidValue("status.storedVersions", stored, "must have at least one stored version"));
  for (const [index, name] of stored.entries()) {
    if (!versions.some((version) => version.name === name)) {
      errors.push(
        invalidValue(
          `status.storedVersions[${index}]`,
          name,
          "missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions"
            .replaceAll("v1 ", `${name} `)
            .replaceAll("in v1", `in ${name}`),
        ),
      );
    }
  }
  return errors;
}

/** Everything that is wrong with a CustomResourceDefinition. Rules in CEL are compiled by the evaluator, not here. */
export function validateCustomResourceDefinition(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  context: WriteContext,
): FieldError[] {
  if (old !== undefined && context.subresource === "status") return validateStoredVersions(definition);
  const spec = definition.spec ?? ({} as CustomResourceDefinitionSpec);
  const name = definition.metadata?.name ?? "";
  const errors: FieldError[] = [];
  if (name !== `${spec.names?.plural}.${spec.group}`) {
    errors.push(invalidValue("metadata.name", name, 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(...validateSpec(spec), ...validateStoredVersions(definition));
  if (old?.spec === undefined) return errors;
  if (isConditionTrue(old.status?.conditions, "Established")) {
    errors.push(
      ...immutable("spec.scope", spec.scope, old.spec.scope),
      ...immutable("spec.names.kind", spec.names?.kind, old.spec.names?.kind),
    );
  }
  return [
    ...errors,
    ...immutable("spec.group", spec.group, old.spec.group),
    ...immutable("spec.names.plural", spec.names?.plural, old.spec.names?.plural),
  ];
}
