import { Environment, type ASTNode } from "@marcbachmann/cel-js";
import { addAddressLibrary } from "./address-library.ts";
import { addAuthorizerLibrary } from "./authorizer-library.ts";
import { largestCollection } from "./cel-value.ts";
import { addCollectionLibrary } from "./collection-library.ts";
import { addFormatLibrary } from "./format-library.ts";
import { addQuantityLibrary } from "./quantity-library.ts";
import { addSemverLibrary } from "./semver-library.ts";
import { addTextLibrary } from "./text-library.ts";
import { addUrlLibrary } from "./url-library.ts";

/** Steps that one evaluation may take at most, by an estimate from above. */
const COST_LIMIT = 50_000_000;
/** Loops in loops multiply; deeper ones are refused before they run. */
const MAX_LOOP_DEPTH = 6;
const LOOPS = new Set(["all", "exists", "exists_one", "existsOne", "map", "filter"]);

/** An expression that cannot be compiled, that failed, or that would take too long. */
export class CelError extends Error {
  override readonly name = "CelError";
}

/** The types of the variables of an expression; `dyn` unless said otherwise. */
export type CelVariables = Readonly<Record<string, string>>;

/** An expression, compiled once and evaluated as often as wanted. */
export class CelProgram {
  readonly expression: string;
  /** CEL's name of the type of the value, `dyn` when it depends. */
  readonly type: string;
  readonly #run: (variables: Record<string, unknown>) => unknown;
  readonly #nodes: number;
  readonly #loopDepth: number;

  constructor(expression: string, type: string, run: (variables: Record<string, unknown>) => unknown, ast: ASTNode) {
    this.expression = expression;
    this.type = type;
    this.#run = run;
    const { nodes, loopDepth } = measure(ast);
    this.#nodes = nodes;
    this.#loopDepth = loopDepth;
    if (loopDepth > MAX_LOOP_DEPTH) throw new CelError(`more than ${MAX_LOOP_DEPTH} loops within each other`);
  }

  /**
   * The value for these variables, which must be values of expressions (`toCelValue`).
   *
   * Errors: {@link CelError} when evaluation fails or could take more than 50 million steps.
   */
  evaluate(variables: Record<string, unknown>): unknown {
    if (this.#loopDepth > 0) {
      const largest = Math.max(1, ...Object.values(variables).map(largestCollection));
      if (this.#nodes * largest ** this.#loopDepth > COST_LIMIT) throw new CelError("operation cancelled: actual cost limit exceeded");
    }
    try {
      return this.#run(variables);
    } catch (error) {
      throw new CelError(summaryOf(error), { cause: error });
    }
  }
}

/** The first line of what the library says; the others draw the expression. */
function summaryOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? "";
}

let base: Environment | undefined;

/** Building the library takes a few milliseconds, so that happens when the first expression is compiled. */
function baseEnvironment(): Environment {
  if (base === undefined) {
    base = new Environment({
      homogeneousAggregateLiterals: false,
      enableOptionalTypes: true,
      limits: { maxAstNodes: 20_000, maxDepth: 100 },
    });
    addCollectionLibrary(base);
    addTextLibrary(base);
    addQuantityLibrary(base);
    addAddressLibrary(base);
    addUrlLibrary(base);
    addSemverLibrary(base);
    addFormatLibrary(base);
    addAuthorizerLibrary(base);
  }
  return base;
}

/** Environments by the variables that they declare; there are only a handful of such sets. */
const environments = new Map<string, Environment>();

function environmentFor(variables: CelVariables): Environment {
  const key = JSON.stringify(Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1)));
  let environment = environments.get(key);
  if (environment === undefined) {
    environment = baseEnvironment().clone();
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    environments.set(key, environment);
  }
  return environment;
}

/**
 * Compiles an expression with Kubernetes' functions.
 *
 * Errors: {@link CelError} for expressions that are wrong, or whose value cannot be of one of `types` (CEL's names).
 */
export function compileCel(expression: string, variables: CelVariables, types?: readonly string[]): CelProgram {
  try {
    const parsed = environmentFor(variables).parse(expression);
    useLinearPatterns(parsed.ast);
    const { valid, type = "dyn", error } = parsed.check();
    if (!valid) throw new CelError(`compilation failed: ERROR: ${summaryOf(error)}`, { cause: error });
    if (types !== undefined && type !== "dyn" && !types.includes(type)) throw new CelError(`must evaluate to ${types[0]}`);
    return new CelProgram(expression, type, parsed as (variables: Record<string, unknown>) => unknown, parsed.ast);
  } catch (error) {
    if (error instanceof CelError) throw error;
    throw new CelError(`compilation failed: ERROR: ${summaryOf(error)}`, { cause: error });
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isNode(value) ? [value.args] : [];
}

/** The library's own `matches` uses backtracking patterns, which an object's author could make run for years. */
function useLinearPatterns(ast: ASTNode): void {
  const pending: unknown[] = [ast];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (isNode(value) && value.op === "rcall") {
      const call = value.args as unknown[];
      if (call[0] === "matches") call[0] = "matchesLinear";
    }
    pending.push(...childrenOf(value));
  }
}

function measure(ast: ASTNode): { nodes: number; loopDepth: number } {
  let nodes = 0;
  let loopDepth = 0;
  const pending: [unknown, number][] = [[ast, 0]];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const [value, depth] = entry;
    if (isNode(value)) nodes++;
    const isLoop = isNode(value) && value.op === "rcall" && LOOPS.has((value.args as unknown[])[0] as string);
    const inner = isLoop ? depth + 1 : depth;
    loopDepth = Math.max(loopDepth, inner);
    for (const child of childrenOf(value)) pending.push([child, inner]);
  }
  return { nodes, loopDepth };
}
