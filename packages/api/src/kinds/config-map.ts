import { configMapColumns } from "../columns/cluster-columns.ts";
import { setConfigMapDefaults } from "../defaults/core-defaults.ts";
import type { ConfigMap } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateConfigMap } from "../validation/config-validation.ts";

/** Configuration as keys and values. */
export const configMapKind = defineKind<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  namespaced: true,
  shortNames: ["cm"],
  schema: "io.k8s.api.core.v1.ConfigMap",
  applyDefaults: setConfigMapDefaults,
  validate: validateConfigMap,
  columns: configMapColumns,
});
