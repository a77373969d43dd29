import { mutatingAdmissionPolicyColumns } from "../columns/access-columns.ts";
import { setAdmissionPolicyDefaults } from "../defaults/admission-defaults.ts";
import type { MutatingAdmissionPolicy } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateMutatingAdmissionPolicy } from "../validation/admission-policy-validation.ts";

/** A rule in CEL that changes objects at admission. */
export const mutatingAdmissionPolicyKind = defineKind<MutatingAdmissionPolicy>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicy",
  plural: "mutatingadmissionpolicies",
  singular: "mutatingadmissionpolicy",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy",
  generation: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setAdmissionPolicyDefaults,
  validate: validateMutatingAdmissionPolicy,
  columns: mutatingAdmissionPolicyColumns,
});
