import { validatingAdmissionPolicyColumns } from "../columns/access-columns.ts";
import { setAdmissionPolicyDefaults } from "../defaults/admission-defaults.ts";
import type { ValidatingAdmissionPolicy } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { prepareStatus } from "../prepare/status-prepare.ts";
import { validateValidatingAdmissionPolicy } from "../validation/admission-policy-validation.ts";

/** A rule in CEL that objects must keep at admission. */
export const validatingAdmissionPolicyKind = defineKind<ValidatingAdmissionPolicy>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  singular: "validatingadmissionpolicy",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy",
  generation: true,
  statusSubresource: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setAdmissionPolicyDefaults,
  prepare: prepareStatus(() => ({})),
  validate: validateValidatingAdmissionPolicy,
  columns: validatingAdmissionPolicyColumns,
});
