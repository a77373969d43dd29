import { webhookConfigurationColumns } from "../columns/access-columns.ts";
import { setValidatingWebhookDefaults } from "../defaults/admission-defaults.ts";
import type { ValidatingWebhookConfiguration } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateWebhookConfiguration } from "../validation/webhook-validation.ts";

/** Webhooks that check objects at admission. */
export const validatingWebhookConfigurationKind = defineKind<ValidatingWebhookConfiguration>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  singular: "validatingwebhookconfiguration",
  namespaced: false,
  categories: ["api-extensions"],
  schema: "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
  generation: true,
  allowUnconditionalUpdate: false,
  applyDefaults: setValidatingWebhookDefaults,
  validate: validateWebhookConfiguration,
  columns: webhookConfigurationColumns,
});
