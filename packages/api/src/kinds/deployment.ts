import { deploymentColumns } from "../columns/workload-columns.ts";
import { setDeploymentDefaults } from "../defaults/workload-defaults.ts";
import type { Deployment } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedDeploymentVersions } from "../removed/workload-versions.ts";
import { validateDeployment } from "../validation/workload-validation.ts";
import { workloadWarnings } from "../warnings/object-warnings.ts";

/** Replicas of a Pod template with rolling updates. */
export const deploymentKind = defineKind<Deployment>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  singular: "deployment",
  namespaced: true,
  shortNames: ["deploy"],
  categories: ["all"],
  schema: "io.k8s.api.apps.v1.Deployment",
  removedVersions: removedDeploymentVersions,
  generation: true,
  statusSubresource: true,
  scale: { specReplicas: "spec.replicas", statusReplicas: "status.replicas", selector: "spec.selector" },
  applyDefaults: setDeploymentDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateDeployment,
  columns: deploymentColumns,
  warnings: workloadWarnings,
});
