import { parseAllDocuments, parse } from "yaml";

/** What a step consists of. */
type StepKind = "command" | "manifest" | "http" | "expectation";

/** What a step is about, which decides whether a cluster can be asked for it. */
type StepScope = "orchestrator" | "cli" | "app" | "cloud-only" | "host-setup";

/** One command, manifest, request or stated behaviour of the source documents. */
export interface Step {
  /** `s<seed>-<number>`. */
  readonly id: string;
  /** Position in each document that has the step, by the document's number. */
  readonly order: Readonly<Record<string, number>>;
  readonly kind: StepKind;
  readonly scope: StepScope;
  /** What the reader types or applies, or the behaviour that is stated. */
  readonly text: string;
  /** What the document says that comes back, in words. */
  readonly expect: string;
  /** The file name that the document gives to a manifest. */
  readonly file?: string;
  /** Part of a larger manifest. */
  readonly fragment: boolean;
  /** An alternative, a general form or a remedy: not part of the straight run. */
  readonly conditional: boolean;
  /** The step in whose terminal this one is typed. */
  readonly inside?: string;
}

const KINDS: readonly string[] = ["command", "manifest", "http", "expectation"] satisfies StepKind[];
const SCOPES: readonly string[] = ["orchestrator", "cli", "app", "cloud-only", "host-setup"] satisfies StepScope[];

/** A step file that cannot be used: says where and why. */
export class StepFileError extends Error {
  override readonly name = "StepFileError";
}

/**
 * The steps of a step file (YAML: a list of maps).
 *
 * Errors: a {@link StepFileError} that names the step and the field.
 */
export function parseSteps(yaml: string): Step[] {
  let list: unknown;
  try {
    list = parse(yaml);
  } catch (cause) {
    throw new StepFileError(`the step file is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (!Array.isArray(list)) throw new StepFileError("the step file is not a list of steps");
  return list.map((entry: unknown, index) => stepOf(entry, index));
}

function stepOf(entry: unknown, index: number): Step {
  const fields = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const where = typeof fields.id === "string" ? fields.id : `step ${index + 1}`;
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value !== "string") throw new StepFileError(`${where}: ${name} is missing`);
    return value.trimEnd();
  };
  const oneOf = (name: string, allowed: readonly string[]): string => {
    const value = text(name);
    if (!allowed.includes(value)) throw new StepFileError(`${where}: ${name} is "${value}", not one of ${allowed.join(", ")}`);
    return value;
  };
  const order = fields.order;
  if (typeof order !== "object" || order === null || !Object.values(order).every((place) => typeof place === "number"))
    throw new StepFileError(`${where}: order has no positions`);
  return {
    id: text("id"),
    order: order as Readonly<Record<string, number>>,
    kind: oneOf("kind", KINDS) as StepKind,
    scope: oneOf("applies", SCOPES) as StepScope,
    text: text("text"),
    expect: typeof fields.expect === "string" ? fields.expect.trimEnd() : "",
    ...(typeof fields.file === "string" ? { file: fields.file } : {}),
    fragment: fields.fragment === true,
    conditional: fields.conditional === true,
    ...(typeof fields.inside === "string" ? { inside: fields.inside } : {}),
  };
}

/** The numbers of the documents, in order. */
export function seedsOf(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap((step) => Object.keys(step.order)))].sort();
}

/** The steps of one document, in its order. */
export function stepsOfSeed(steps: readonly Step[], seed: string): Step[] {
  return steps.filter((step) => step.order[seed] !== undefined).sort((a, b) => (a.order[seed] ?? 0) - (b.order[seed] ?? 0));
}

/** The objects of a manifest's text. Errors: what the YAML parser says. */
export function objectsOf(text: string): unknown[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0]) throw document.errors[0];
      return document.toJS() as unknown;
    })
    .filter((value) => value !== null && value !== undefined);
}
