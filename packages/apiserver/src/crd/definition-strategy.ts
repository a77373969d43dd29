import { messageOf } from "@skiff/base";
import {
  invalid,
  invalidValue,
  schemaFromOpenApi,
  type CustomResourceDefinition,
  type FieldError,
  type JsonValue,
  type KubeObject,
  type Schema,
} from "@skiff/api";
import type { KindStrategy } from "../strategies/kind-strategy.ts";
import { withCondition } from "./definition-conditions.ts";
import { compileJsonPath } from "./json-path.ts";
import { checkRules } from "./schema-rules.ts";
import { validateBySchema } from "./schema-validation.ts";

/** Keeps a definition until all its objects are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

/** What is wrong with the expressions and paths of a definition. Its form is checked by the kind itself. */
function expressionErrors({ spec }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, version] of (spec?.versions ?? []).entries()) {
    const at = `spec.versions[${index}]`;
    const props = version.schema?.openAPIV3Schema;
    if (props) {
      const schema = schemaFromOpenApi(props as unknown as JsonValue);
      errors.push(...checkRules(schema, `${at}.schema.openAPIV3Schema`), ...checkDefaults(schema, `${at}.schema.openAPIV3Schema`));
    }
    const paths = [
      ...(version.additionalPrinterColumns ?? []).map(({ jsonPath }, column) => [`additionalPrinterColumns[${column}]`, jsonPath] as const),
      ...(version.selectableFields ?? []).map(({ jsonPath }, field) => [`selectableFields[${field}]`, jsonPath] as const),
    ];
    for (const [field, path] of paths) {
      try {
        compileJsonPath(path);
      } catch (error) {
        errors.push(invalidValue(`${at}.${field}.jsonPath`, path, messageOf(error)));
      }
    }
  }
  return errors;
}

/** A default must be a value that the schema itself would take. */
function checkDefaults(schema: Schema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.default !== undefined) errors.push(...validateBySchema(schema.default as JsonValue, schema, `${field}.default`));
  for (const [name, property] of schema.properties ?? []) errors.push(...checkDefaults(property, `${field}.properties[${name}]`));
  if (schema.items !== undefined) errors.push(...checkDefaults(schema.items, `${field}.items`));
  if (schema.additionalProperties !== undefined)
    errors.push(...checkDefaults(schema.additionalProperties, `${field}.additionalProperties`));
  return errors;
}

/** What definitions of custom resources need beyond their kind. */
export const customResourceDefinitionStrategy: KindStrategy = {
  deletionFinalizer: CLEANUP_FINALIZER,
  reserve(object: KubeObject) {
    const errors = expressionErrors(object as CustomResourceDefinition);
    if (errors.length === 0) return undefined;
    throw invalid({ group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", name: object.metadata?.name ?? "" }, errors);
  },
  beginDeletion(object: KubeObject) {
    const definition = object as CustomResourceDefinition;
    definition.status = withCondition(definition.status, {
      type: "Terminating",
      status: "True",
      reason: "InstanceDeletionPending",
      message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
      lastTransitionTime: definition.metadata?.deletionTimestamp,
    });
  },
};
