import { admissionPolicyBindingColumns } from "../columns/access-columns.ts";
import { setAdmissionPolicyBindingDefaults } from "../defaults/admission-defaults.ts";
import type { MutatingAdmissionPolicyBinding } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateMutatingAdmissionPolicyBinding } from "../validation/admission-policy-validation.ts";

/** Where a mutating policy holds. */
export const mutatingAdmissionPolicyBindingKind = defineKind<MutatingAdmissionPolicyBinding>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicyBinding",
  plural: "mutatingadmissionpolicybindings",
  singular: "mutatingadmissionpolicybinding",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding",
  generation: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setAdmissionPolicyBindingDefaults,
  validate: validateMutatingAdmissionPolicyBinding,
  columns: admissionPolicyBindingColumns,
});
