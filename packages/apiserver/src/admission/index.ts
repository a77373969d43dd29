export * from "./cel/index.ts";
export { createDefaultAdmission, defaultPlugins, type DefaultAdmissionParts } from "./default-plugins.ts";
export { DEFAULT_POD_SECURITY } from "./pod-security/pod-security.ts";
export type { LevelVersion, PodSecurityPolicy } from "./pod-security/pod-security-policy.ts";
export type { ResourceOfKind } from "./policy/policy-matching.ts";
export { SYSTEM_PRIORITY_CLASSES } from "./priority.ts";
export type { QuotaWriter } from "./quota/resource-quota.ts";
export { AdmissionChain } from "./reinvocation.ts";
export { webhookTargetOf, type WebhookTarget, type WebhookTransport } from "./webhook/webhook-transport.ts";
