import type { Binding } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateBinding } from "../validation/pod-validation.ts";

/** Ties a Pod to a node. */
export const bindingKind = defineKind<Binding>({
  group: "",
  version: "v1",
  kind: "Binding",
  plural: "bindings",
  singular: "binding",
  namespaced: true,
  schema: "io.k8s.api.core.v1.Binding",
  verbs: ["create"],
  validate: validateBinding,
});
