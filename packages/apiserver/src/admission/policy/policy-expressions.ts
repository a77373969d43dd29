import type { Variable } from "@skiff/api";
import { messageOf } from "@skiff/base";
import { compileCel, type CelProgram, type CelVariables } from "../cel/cel-program.ts";
import { withoutObjectLiterals } from "../cel/object-literal.ts";
import { POLICY_VARIABLES } from "./policy-variables.ts";

/** An expression of a policy, compiled when the policy is first used; a mistake in it shows each time it is evaluated. */
export class PolicyExpression {
  readonly text: string;
  readonly #program: CelProgram | Error;

  constructor(text: string, types?: readonly string[], variables: CelVariables = POLICY_VARIABLES) {
    this.text = text;
    let program: CelProgram | Error;
    try {
      program = compileCel(withoutObjectLiterals(text), variables, types);
    } catch (error) {
      program = error instanceof Error ? error : new Error(messageOf(error));
    }
    this.#program = program;
  }

  /** Errors: throws what went wrong at compilation or evaluation. */
  evaluate(values: Record<string, unknown>): unknown {
    if (this.#program instanceof Error) throw this.#program;
    return this.#program.evaluate(values);
  }
}

/** A variable of a policy. */
export interface PolicyVariable {
  readonly name: string;
  readonly expression: PolicyExpression;
}

/** Compiles the variables of a policy. */
export function compileVariables(variables: readonly Variable[] | undefined): PolicyVariable[] {
  return (variables ?? []).map(({ name, expression }) => ({ name, expression: new PolicyExpression(expression) }));
}

/**
 * The values with `variables` filled in, each from those before it. One that fails is missing: only expressions that
 * use it fail then.
 */
export function withVariables(values: Record<string, unknown>, variables: readonly PolicyVariable[]): Record<string, unknown> {
  const found = new Map<string, unknown>();
  const complete = { ...values, variables: found };
  for (const { name, expression } of variables) {
    try {
      found.set(name, expression.evaluate(complete));
    } catch {
      // An expression that needs the variable reports that it is missing.
    }
  }
  return complete;
}
