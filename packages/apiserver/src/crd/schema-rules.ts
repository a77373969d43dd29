import { messageOf } from "@skiff/base";
import { isJsonObject, type FieldError, type FieldErrorType, type JsonValue, type Schema, writeJson } from "@skiff/api";
import { compileCel, type CelProgram } from "../admission/cel/cel-program.ts";
import { toCelValue } from "../admission/cel/cel-value.ts";

/** One `x-kubernetes-validations` entry, ready to run. */
interface Rule {
  readonly program: CelProgram;
  readonly text: string;
  /** Compares with the state before: runs on updates only, unless it says otherwise. */
  readonly isTransition: boolean;
  readonly optionalOldSelf: boolean;
  readonly message: string;
  readonly messageProgram: CelProgram | undefined;
  readonly type: FieldErrorType;
  readonly fieldPath: string;
}

const VARIABLES = { self: "dyn", oldSelf: "dyn" };
const compiled = new WeakMap<Schema, readonly Rule[]>();

/**
 * What the CEL rules of a structural schema refuse (KEP-2876). `old` is the value before an update. Transition rules inside
 * lists that are neither sets nor maps have nothing to compare with and do not run.
 */
export function validateRules(value: JsonValue, old: JsonValue | undefined, schema: Schema, field = ""): FieldError[] {
  const errors: FieldError[] = [];
  for (const rule of rulesOf(schema)) {
    if (rule.isTransition && old === undefined && !rule.optionalOldSelf) continue;
    const refusal = evaluate(rule, value, old, schema, field);
    if (refusal !== undefined) errors.push(refusal);
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return errors;
    for (const [index, item] of value.entries())
      errors.push(...validateRules(item, oldItem(item, old, schema), items, `${field}[${index}]`));
  } else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      const property = schema.properties?.get(name) ?? schema.additionalProperties;
      if (property === undefined) continue;
      const before = isJsonObject(old) && Object.hasOwn(old, name) ? old[name] : undefined;
      errors.push(...validateRules(value[name] as JsonValue, before, property, field === "" ? name : `${field}.${name}`));
    }
  }
  return errors;
}

/** What is wrong with the rules themselves: answered when a definition is to be stored. */
export function checkRules(schema: Schema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, entry] of entriesOf(schema).entries()) {
    try {
      compileCel(textOf(entry["rule"]), VARIABLES, ["bool"]);
    } catch (error) {
      const at = `${field}.x-kubernetes-validations[${index}].rule`;
      errors.push({ type: "FieldValueInvalid", field: at, message: `Invalid value: ${writeJson(entry)}: ${messageOf(error)}` });
    }
  }
  for (const [name, property] of schema.properties ?? []) errors.push(...checkRules(property, `${field}.properties[${name}]`));
  if (schema.items !== undefined) errors.push(...checkRules(schema.items, `${field}.items`));
  if (schema.additionalProperties !== undefined) errors.push(...checkRules(schema.additionalProperties, `${field}.additionalProperties`));
  return errors;
}

function evaluate(rule: Rule, value: JsonValue, old: JsonValue | undefined, schema: Schema, field: string): FieldError | undefined {
  const variables = { self: toCelValue(value), oldSelf: old === undefined ? null : toCelValue(old) };
  const at = rule.fieldPath === "" ? field : `${field}${rule.fieldPath}`;
  const shown = JSON.stringify(schema.type ?? "object");
  const refusal = (detail: string): FieldError => ({
    type: rule.type,
    field: at === "" ? "<nil>" : at,
    message: `Invalid value: ${shown}: ${detail}`,
  });
  try {
    if (rule.program.evaluate(variables) === true) return undefined;
  } catch (error) {
    return refusal(`rule evaluation error: ${messageOf(error)}`);
  }
  return refusal(messageFor(rule, variables));
}

function messageFor(rule: Rule, variables: Record<string, unknown>): string {
  try {
    const made = rule.messageProgram?.evaluate(variables);
    if (typeof made === "string" && made.trim() !== "") return made.trim();
  } catch {
    // Upstream falls back to the fixed message when the expression for it fails.
  }
  return rule.message || `failed rule: ${rule.text}`;
}

function rulesOf(schema: Schema): readonly Rule[] {
  let rules = compiled.get(schema);
  if (rules === undefined) compiled.set(schema, (rules = entriesOf(schema).map(compileRule)));
  return rules;
}

function compileRule(entry: Readonly<Record<string, JsonValue>>): Rule {
  const text = textOf(entry["rule"]);
  const expression = entry["messageExpression"];
  return {
    program: compileCel(text, VARIABLES, ["bool"]),
    text,
    isTransition: /\boldSelf\b/.test(text),
    optionalOldSelf: entry["optionalOldSelf"] === true,
    message: typeof entry["message"] === "string" ? entry["message"] : "",
    messageProgram: typeof expression === "string" ? compileCel(expression, VARIABLES, ["string"]) : undefined,
    type: typeof entry["reason"] === "string" ? (entry["reason"] as FieldErrorType) : "FieldValueInvalid",
    fieldPath: typeof entry["fieldPath"] === "string" ? entry["fieldPath"] : "",
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function entriesOf(schema: Schema): Readonly<Record<string, JsonValue>>[] {
  const entries = schema.keywords?.["x-kubernetes-validations"];
  return Array.isArray(entries) ? entries.filter(isJsonObject) : [];
}

/** The item of the same keys before, in lists whose items have an identity. */
function oldItem(item: JsonValue, old: JsonValue | undefined, schema: Schema): JsonValue | undefined {
  const { listType, listMapKeys = [] } = schema;
  if (!Array.isArray(old) || listType !== "map" || !isJsonObject(item)) return undefined;
  return old.find((each) => isJsonObject(each) && listMapKeys.every((key) => each[key] === item[key]));
}
