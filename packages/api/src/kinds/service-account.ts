import { serviceAccountColumns } from "../columns/cluster-columns.ts";
import type { ServiceAccount } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateServiceAccount } from "../validation/policy-validation.ts";

/** An identity for what runs in Pods. */
export const serviceAccountKind = defineKind<ServiceAccount>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  singular: "serviceaccount",
  namespaced: true,
  shortNames: ["sa"],
  schema: "io.k8s.api.core.v1.ServiceAccount",
  subresources: ["token"],
  validate: validateServiceAccount,
  columns: serviceAccountColumns,
});
