import { admissionPolicyBindingColumns } from "../columns/access-columns.ts";
import { setAdmissionPolicyBindingDefaults } from "../defaults/admission-defaults.ts";
import type { ValidatingAdmissionPolicyBinding } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateValidatingAdmissionPolicyBinding } from "../validation/admission-policy-validation.ts";

/** Where a validating policy holds. */
export const validatingAdmissionPolicyBindingKind = defineKind<ValidatingAdmissionPolicyBinding>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
  singular: "validatingadmissionpolicybinding",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
  generation: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setAdmissionPolicyBindingDefaults,
  validate: validateValidatingAdmissionPolicyBinding,
  columns: admissionPolicyBindingColumns,
});
