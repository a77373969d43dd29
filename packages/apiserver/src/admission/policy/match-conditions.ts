import type { MatchCondition } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { AdmissionRequest } from "../../admission.ts";
import type { Authorizer } from "../../attributes.ts";
import { compileCel, type CelProgram, type CelVariables } from "../cel/cel-program.ts";
import type { RuleMatch } from "../webhook/resource-rules.ts";
import { CONDITION_VARIABLES, conditionValues } from "./policy-variables.ts";

/** Programs of configurations that are gone are collected with them. */
const programs = new WeakMap<MatchCondition, CelProgram | Error>();

function programOf(condition: MatchCondition, variables: CelVariables): CelProgram {
  let program = programs.get(condition);
  if (program === undefined) {
    try {
      program = compileCel(condition.expression, variables, ["bool"]);
    } catch (error) {
      program = error instanceof Error ? error : new Error(String(error));
    }
    programs.set(condition, program);
  }
  if (program instanceof Error) throw program;
  return program;
}

/** What conditions came to. With errors and no condition that is false, the failure policy decides. */
interface ConditionOutcome {
  readonly matches: boolean;
  readonly errors: readonly string[];
}

/** Evaluates conditions: one that is false settles it, whatever the others do. */
export function evaluateConditions(
  conditions: readonly MatchCondition[],
  values: Record<string, unknown>,
  variables: CelVariables,
): ConditionOutcome {
  const errors: string[] = [];
  for (const condition of conditions) {
    try {
      if (programOf(condition, variables).evaluate(values) !== true) return { matches: false, errors: [] };
    } catch (error) {
      errors.push(`expression '${condition.expression}' resulted in error: ${messageOf(error)}`);
    }
  }
  return { matches: errors.length === 0, errors };
}

/** The match conditions of webhooks. */
export class MatchConditions {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  evaluate(conditions: readonly MatchCondition[], request: AdmissionRequest, shown: RuleMatch): ConditionOutcome {
    return evaluateConditions(conditions, conditionValues(request, shown, this.#authorizer), CONDITION_VARIABLES);
  }
}
