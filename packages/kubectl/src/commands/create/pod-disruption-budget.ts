import type { JsonValue } from "@skiff/api";
import { KubectlError } from "../../kubectl-error.ts";
import { text, required, pairsOf } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create poddisruptionbudget`. */
export const podDisruptionBudget = generator(
  "poddisruptionbudget",
  "Create a pod disruption budget with the specified name",
  {
    "min-available": text("The minimum number or percentage of available pods."),
    "max-unavailable": text("The maximum number or percentage of unavailable pods."),
    selector: text("A label selector to use for this budget."),
  },
  ({ flags }, name) => {
    const amount = (given: string): JsonValue => (/^\d+$/.test(given) ? Number(given) : given);
    if (flags.has("min-available") === flags.has("max-unavailable"))
      throw new KubectlError(
        flags.has("min-available")
          ? "min-available and max-unavailable cannot be both specified"
          : "one of min-available or max-unavailable must be specified",
      );
    const limit = flags.has("min-available")
      ? { minAvailable: amount(flags.text("min-available")) }
      : { maxUnavailable: amount(flags.text("max-unavailable")) };
    return {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name },
      spec: { ...limit, selector: { matchLabels: pairsOf(required(flags, "selector")) } },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    };
  },
  ["pdb"],
);
