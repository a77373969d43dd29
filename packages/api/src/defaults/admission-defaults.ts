import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../generated/types.ts";

function setWebhookDefaults(webhook: ValidatingWebhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  for (const rule of webhook.rules ?? []) rule.scope ??= "*";
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
}

/** What validating webhooks leave out, in place. */
export function setValidatingWebhookDefaults(configuration: ValidatingWebhookConfiguration): void {
  for (const webhook of configuration.webhooks ?? []) setWebhookDefaults(webhook);
}

/** What mutating webhooks leave out, in place. */
export function setMutatingWebhookDefaults(configuration: MutatingWebhookConfiguration): void {
  for (const webhook of configuration.webhooks ?? []) {
    setWebhookDefaults(webhook);
    webhook.reinvocationPolicy ??= "Never";
  }
}

function setMatchResourcesDefaults(resources: MatchResources | undefined): void {
  if (resources === undefined || resources === null) return;
  resources.matchPolicy ??= "Equivalent";
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  for (const rule of [...(resources.resourceRules ?? []), ...(resources.excludeResourceRules ?? [])]) rule.scope ??= "*";
}

/** What an admission policy leaves out, in place. */
export function setAdmissionPolicyDefaults(policy: ValidatingAdmissionPolicy | MutatingAdmissionPolicy): void {
  policy.spec ??= {};
  policy.spec.failurePolicy ??= "Fail";
  setMatchResourcesDefaults(policy.spec.matchConstraints);
}

/** What a binding of an admission policy leaves out, in place. */
export function setAdmissionPolicyBindingDefaults(binding: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding): void {
  binding.spec ??= {};
  setMatchResourcesDefaults(binding.spec.matchResources);
}
