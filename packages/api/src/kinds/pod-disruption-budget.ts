import { podDisruptionBudgetColumns } from "../columns/cluster-columns.ts";
import { setPodDisruptionBudgetDefaults } from "../defaults/policy-defaults.ts";
import type { PodDisruptionBudget } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedPodDisruptionBudgetVersions } from "../removed/disruption-budget-versions.ts";
import { validatePodDisruptionBudget } from "../validation/policy-validation.ts";

/** How many Pods of a set may be evicted at once. */
export const podDisruptionBudgetKind = defineKind<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  namespaced: true,
  shortNames: ["pdb"],
  schema: "io.k8s.api.policy.v1.PodDisruptionBudget",
  removedVersions: removedPodDisruptionBudgetVersions,
  generation: true,
  statusSubresource: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setPodDisruptionBudgetDefaults,
  prepare: prepareStatus(() => ({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 })),
  validate: validatePodDisruptionBudget,
  columns: podDisruptionBudgetColumns,
});
