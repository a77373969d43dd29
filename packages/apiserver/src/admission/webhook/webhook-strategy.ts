import { invalid, invalidValue, type FieldError, type MutatingWebhookConfiguration, type ValidatingWebhookConfiguration } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { KindStrategy } from "../../strategies/kind-strategy.ts";
import { compileCel } from "../cel/cel-program.ts";
import { CONDITION_VARIABLES } from "../policy/policy-variables.ts";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** The conditions that do not compile. What is stored already stays allowed, so that it can be changed elsewhere. */
function conditionErrors({ webhooks = [] }: Configuration, stored: ReadonlySet<string>): FieldError[] {
  return webhooks.flatMap(({ matchConditions = [] }, webhook) =>
    matchConditions.flatMap(({ expression }, condition) => {
      if (stored.has(expression)) return [];
      try {
        compileCel(expression, CONDITION_VARIABLES, ["bool"]);
        return [];
      } catch (error) {
        return [invalidValue(`webhooks[${webhook}].matchConditions[${condition}].expression`, expression, messageOf(error))];
      }
    }),
  );
}

function expressionsOf({ webhooks = [] }: Configuration): string[] {
  return webhooks.flatMap(({ matchConditions = [] }) => matchConditions.map(({ expression }) => expression));
}

/** What configurations of webhooks need beyond their kind: conditions in them must compile. */
export function webhookConfigurationStrategy(kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration"): KindStrategy {
  return {
    reserve(object, old) {
      const stored = new Set(old === undefined ? [] : expressionsOf(old.object as Configuration));
      const errors = conditionErrors(object as Configuration, stored);
      if (errors.length === 0) return undefined;
      throw invalid({ group: "admissionregistration.k8s.io", kind, name: object.metadata?.name ?? "" }, errors);
    },
  };
}
