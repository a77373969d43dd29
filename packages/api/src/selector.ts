import type { LabelSelector } from "./generated/types.ts";
import { badRequest } from "./status.ts";

/** How a requirement compares. `gt` and `lt` compare whole numbers. */
export type SelectorOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

/** One condition on a label. */
export interface SelectorRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** One value for `=`, `==`, `!=`, `gt` and `lt`; none for `exists` and `!`. */
  readonly values: readonly string[];
}

/** Labels as they stand in `metadata.labels`. */
export type Labels = Readonly<Record<string, string>>;

/** A condition on labels: all requirements must hold. Matching costs time in proportion to their number. */
export interface Selector {
  readonly requirements: readonly SelectorRequirement[];
  /** True when every object matches. */
  readonly matchesEverything: boolean;
  /** True when no object can match: the selector of an absent LabelSelector. */
  readonly matchesNothing: boolean;
  matches(labels: Labels | undefined): boolean;
  /** The text form, with requirements in order of their keys. */
  toString(): string;
}

/** A selector's text, and how many requirements it has, are bounded, so that no request can make matching dear. */
export const MAX_SELECTOR_REQUIREMENTS = 10_000;

const WHOLE_NUMBER = /^[+-]?\d{1,19}$/;

function compile(requirement: SelectorRequirement): (labels: Labels) => boolean {
  const { key, operator, values } = requirement;
  const has = (labels: Labels): boolean => Object.hasOwn(labels, key);
  const first = values[0] ?? "";
  switch (operator) {
    case "=":
    case "==":
      return (labels) => has(labels) && labels[key] === first;
    case "!=":
      return (labels) => !has(labels) || labels[key] !== first;
    case "in": {
      const set = new Set(values);
      return (labels) => has(labels) && set.has(labels[key] ?? "");
    }
    case "notin": {
      const set = new Set(values);
      return (labels) => !has(labels) || !set.has(labels[key] ?? "");
    }
    case "exists":
      return has;
    case "!":
      return (labels) => !has(labels);
    default:
      return (labels) => {
        const value = has(labels) ? (labels[key] ?? "") : "";
        if (!WHOLE_NUMBER.test(value)) return false;
        return operator === "gt" ? BigInt(value) > BigInt(first) : BigInt(value) < BigInt(first);
      };
  }
}

function requirementText({ key, operator, values }: SelectorRequirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${[...values].sort().join(",")})`;
    case "gt":
      return `${key}>${values[0] ?? ""}`;
    case "lt":
      return `${key}<${values[0] ?? ""}`;
    default:
      return `${key}${operator}${values[0] ?? ""}`;
  }
}

class CompiledSelector implements Selector {
  readonly requirements: readonly SelectorRequirement[];
  readonly matchesNothing: boolean;
  readonly #tests: readonly ((labels: Labels) => boolean)[];

  constructor(requirements: readonly SelectorRequirement[], matchesNothing = false) {
    this.requirements = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.matchesNothing = matchesNothing;
    this.#tests = this.requirements.map(compile);
  }

  get matchesEverything(): boolean {
    return !this.matchesNothing && this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    return !this.matchesNothing && this.#tests.every((test) => test(labels ?? {}));
  }

  toString(): string {
    return this.requirements.map(requirementText).join(",");
  }
}

/** Matches every object. */
export const everything: Selector = new CompiledSelector([]);

/** Matches no object. */
export const nothing: Selector = new CompiledSelector([], true);

/**
 * A selector of these requirements.
 *
 * Errors: BadRequest with upstream's words when an operator has the wrong number or form of values, or when there are
 * more than {@link MAX_SELECTOR_REQUIREMENTS}.
 */
export function selectorOf(requirements: readonly SelectorRequirement[]): Selector {
  if (requirements.length > MAX_SELECTOR_REQUIREMENTS)
    throw badRequest(`a selector may have at most ${MAX_SELECTOR_REQUIREMENTS} requirements`);
  for (const requirement of requirements) checkRequirement(requirement);
  return new CompiledSelector(requirements);
}

/** The values that an operator needs. */
function checkRequirement({ operator, values }: SelectorRequirement): void {
  const wrong = (value: unknown, detail: string): never => {
    throw badRequest(`values: Invalid value: ${JSON.stringify(value)}: ${detail}`);
  };
  switch (operator) {
    case "in":
    case "notin":
      if (values.length === 0) wrong(values, "for 'in', 'notin' operators, values set can't be empty");
      break;
    case "exists":
    case "!":
      if (values.length > 0) wrong(values, "values set must be empty for exists and does not exist");
      break;
    case "gt":
    case "lt":
      if (values.length !== 1) wrong(values, "for 'Gt', 'Lt' operators, exactly one value is required");
      if (!WHOLE_NUMBER.test(values[0] ?? "")) {
        throw badRequest(`values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`);
      }
      break;
    default:
      if (values.length !== 1) wrong(values, "exact-match compatibility requires one single value");
  }
}

/** Every label must have exactly this value. An empty map matches everything. */
export function selectorFromLabels(labels: Labels | undefined): Selector {
  return new CompiledSelector(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] })));
}

const LABEL_SELECTOR_OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
]);

/**
 * The selector of a `metav1.LabelSelector`. An absent one matches nothing, an empty one everything.
 *
 * Errors: BadRequest for an unknown operator or wrong values; stored objects have passed validation and cause none.
 */
export function selectorFromLabelSelector(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing;
  const requirements: SelectorRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "=",
    values: [value],
  }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = LABEL_SELECTOR_OPERATORS.get(operator);
    if (known === undefined) throw badRequest(`"${operator}" is not a valid label selector operator`);
    requirements.push({ key, operator: known, values });
  }
  return selectorOf(requirements);
}
