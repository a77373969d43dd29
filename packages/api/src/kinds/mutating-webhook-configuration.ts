import { webhookConfigurationColumns } from "../columns/access-columns.ts";
import { setMutatingWebhookDefaults } from "../defaults/admission-defaults.ts";
import type { MutatingWebhookConfiguration } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateWebhookConfiguration } from "../validation/webhook-validation.ts";

/** Webhooks that change objects at admission. */
export const mutatingWebhookConfigurationKind = defineKind<MutatingWebhookConfiguration>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  singular: "mutatingwebhookconfiguration",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
  generation: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setMutatingWebhookDefaults,
  validate: validateWebhookConfiguration,
  columns: webhookConfigurationColumns,
});
