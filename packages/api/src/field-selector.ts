import type { KindDefinition } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { badRequest } from "./status.ts";

/** One condition on a field: `spec.nodeName=node-1`. */
export interface FieldRequirement {
  /** A dotted path, such as `metadata.name`. */
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** The longest text of a field selector. */
export const MAX_FIELD_SELECTOR_LENGTH = 65_536;

/** Takes the text apart at commas that no backslash protects. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === ",") {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms.filter((term) => term !== "");
}

/** Takes the backslashes of `\,`, `\=` and `\\` off. */
function unescape(value: string): string {
  let plain = "";
  for (let at = 0; at < value.length; at++) {
    const letter = value[at] ?? "";
    if (letter !== "\\") {
      if (letter === "," || letter === "=") throw badRequest(`invalid field selector: unescaped character in value: ${letter}`);
      plain += letter;
      continue;
    }
    at++;
    const escaped = value[at] ?? "";
    if (escaped !== "\\" && escaped !== "," && escaped !== "=") {
      throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped}`);
    }
    plain += escaped;
  }
  return plain;
}

/**
 * Reads the text form of a field selector, as in `fieldSelector=status.phase=Running,spec.nodeName!=a`.
 *
 * Errors: BadRequest with upstream's words.
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
  if (text.length > MAX_FIELD_SELECTOR_LENGTH)
    throw badRequest(`a field selector may have at most ${MAX_FIELD_SELECTOR_LENGTH} characters`);
  return splitTerms(text).map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = "", operator = "=", value = ""] = match;
    return { field, operator: operator === "!=" ? "!=" : "=", value: unescape(value) };
  });
}

function isKnown(kind: KindDefinition, field: string): boolean {
  return field === "metadata.name" || field === "metadata.namespace" || Object.hasOwn(kind.fieldSelectors ?? {}, field);
}

/** Errors: BadRequest when a requirement names a field that the kind cannot be selected by. */
export function checkFieldSelector(kind: KindDefinition, requirements: readonly FieldRequirement[]): void {
  const unknown = requirements.find(({ field }) => !isKnown(kind, field));
  if (unknown === undefined) return;
  if (kind.fieldSelectors !== undefined) throw badRequest(`field label not supported: ${unknown.field}`);
  throw badRequest(`"${unknown.field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}

/** The text that a field selector compares; empty where the field is not set. */
export function selectedField<T extends KubeObject>(kind: KindDefinition<T>, object: T, field: string): string {
  if (field === "metadata.name") return object.metadata?.name ?? "";
  if (field === "metadata.namespace") return object.metadata?.namespace ?? "";
  return kind.fieldSelectors?.[field]?.(object) ?? "";
}

/** Whether all requirements hold. They must have passed {@link checkFieldSelector}. */
export function matchesFields<T extends KubeObject>(
  kind: KindDefinition<T>,
  requirements: readonly FieldRequirement[],
  object: T,
): boolean {
  return requirements.every(({ field, operator, value }) => (selectedField(kind, object, field) === value) === (operator === "="));
}
