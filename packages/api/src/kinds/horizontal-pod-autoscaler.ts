import { horizontalPodAutoscalerColumns } from "../columns/cluster-columns.ts";
import { setHorizontalPodAutoscalerDefaults } from "../defaults/autoscaling-defaults.ts";
import { autoscalerFromV1, autoscalerToV1 } from "../conversion/horizontal-pod-autoscaler-conversion.ts";
import type { HorizontalPodAutoscaler } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { removedHorizontalPodAutoscalerVersions } from "../removed/renamed-versions.ts";
import { validateHorizontalPodAutoscaler } from "../validation/autoscaling-validation.ts";

/** Scales a workload by its load. Stored as v2; v1 is served as well. */
export const horizontalPodAutoscalerKind = defineKind<HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  singular: "horizontalpodautoscaler",
  namespaced: true,
  shortNames: ["hpa"],
  categories: ["all"],
  schema: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
  removedVersions: removedHorizontalPodAutoscalerVersions,
  statusSubresource: true,
  otherVersions: [
    {
      version: "v1",
      schema: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
      toStored: autoscalerFromV1,
      fromStored: autoscalerToV1,
    },
  ],
  applyDefaults: setHorizontalPodAutoscalerDefaults,
  prepare: prepareStatus(() => ({ currentReplicas: 0, desiredReplicas: 0 })),
  validate: validateHorizontalPodAutoscaler,
  columns: horizontalPodAutoscalerColumns,
});
