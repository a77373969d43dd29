import { createdAtColumn } from "../columns/common-columns.ts";
import { setCustomResourceDefinitionDefaults } from "../defaults/extension-defaults.ts";
import type { CustomResourceDefinition } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareCustomResourceDefinition } from "../prepare/custom-resource-definition-prepare.ts";
import { validateCustomResourceDefinition } from "../validation/custom-resource-definition.ts";

/** A kind that users add to the API. */
export const customResourceDefinitionKind = defineKind<CustomResourceDefinition>({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  namespaced: false,
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  schema: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
  generation: true,
  statusSubresource: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setCustomResourceDefinitionDefaults,
  prepare: prepareCustomResourceDefinition,
  validate: validateCustomResourceDefinition,
  columns: [createdAtColumn],
});
