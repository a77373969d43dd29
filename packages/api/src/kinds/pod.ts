import { podColumns } from "../columns/pod-columns.ts";
import { setPodDefaults } from "../defaults/pod-defaults.ts";
import type { Pod } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { preparePod } from "../prepare/pod-prepare.ts";
import { validatePod } from "../validation/pod-validation.ts";
import { podWarnings } from "../warnings/pod-warnings.ts";

/** Containers that run together on one node and share its network identity. */
export const podKind = defineKind<Pod>({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  schema: "io.k8s.api.core.v1.Pod",
  generation: true,
  statusSubresource: true,
  subresources: ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"],
  applyDefaults: setPodDefaults,
  prepare: preparePod,
  validate: validatePod,
  columns: podColumns,
  fieldSelectors: {
    "spec.nodeName": (pod) => pod.spec?.nodeName ?? "",
    "spec.restartPolicy": (pod) => pod.spec?.restartPolicy ?? "",
    "spec.schedulerName": (pod) => pod.spec?.schedulerName ?? "",
    "spec.serviceAccountName": (pod) => pod.spec?.serviceAccountName ?? "",
    "spec.hostNetwork": (pod) => String(pod.spec?.hostNetwork ?? false),
    "status.phase": (pod) => pod.status?.phase ?? "",
    "status.podIP": (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "",
    "status.podIPs": (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "",
    "status.nominatedNodeName": (pod) => pod.status?.nominatedNodeName ?? "",
  },
  // A Pod that no node has, or that has ended, has nothing to wind down.
  gracePeriodSeconds: ({ spec, status }) =>
    !spec?.nodeName || status?.phase === "Succeeded" || status?.phase === "Failed" ? undefined : (spec.terminationGracePeriodSeconds ?? 30),
  warnings: podWarnings,
});
