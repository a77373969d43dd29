export * from "./field-error.ts";
export * from "./kind.ts";
export * from "./object.ts";
export * from "./protocol.ts";
export * from "./resource.ts";
export * from "./status.ts";
export type * from "./generated/types.ts";
export * from "./kinds/all-kinds.ts";
export * from "./metrics/metrics-kinds.ts";
export * from "./field-selector.ts";
export * from "./quantity.ts";
export * from "./selector.ts";
export * from "./selector-parser.ts";
export * from "./json-value.ts";
export * from "./schema/schema.ts";
export * from "./schema/schema-registry.ts";
export * from "./schema/built-in-schemas.ts";
export * from "./schema/descriptions.ts";
export * from "./schema/structural-schema.ts";
export * from "./decode/decode-error.ts";
export * from "./decode/decode-json.ts";
export * from "./decode/decode-object.ts";
export * from "./decode/decode-yaml.ts";
export * from "./decode/decoded.ts";
export * from "./patch/json-patch.ts";
export * from "./patch/merge-patch.ts";
export * from "./patch/strategic-merge-patch.ts";
export * from "./patch/three-way-patch.ts";
export * from "./apply/field-manager.ts";
export * from "./openapi/open-api.ts";
export { openApiV2 } from "./openapi/open-api-v2.ts";
export { openApiV3, openApiV3Index } from "./openapi/open-api-v3.ts";
export { servedKinds } from "./openapi/served-kind.ts";
export * from "./cron-schedule.ts";
export { isExternallyAccessible } from "./defaults/service-defaults.ts";
export { NAMESPACE_NAME_LABEL } from "./defaults/core-defaults.ts";
export { setPodTemplateDefaults } from "./defaults/pod-spec-defaults.ts";
export { setResourceListDefaults } from "./defaults/resource-list-defaults.ts";
export * from "./image-reference.ts";
export * from "./node-selector.ts";
export * from "./pod-qos.ts";
export * from "./pod-resources.ts";
export { isInQuotaScope } from "./quota/quota-scope.ts";
export { quotaUsageOf, unspecifiedForQuota, type QuotaUsage } from "./quota/quota-usage.ts";
export { NAMESPACE_FINALIZER } from "./prepare/namespace-prepare.ts";
export {
  generateJobSelector,
  JOB_CONTROLLER_UID_LABEL,
  JOB_NAME_LABEL,
  LEGACY_JOB_CONTROLLER_UID_LABEL,
  LEGACY_JOB_NAME_LABEL,
} from "./prepare/job-prepare.ts";
export * from "./semantic-equal.ts";
export * from "./storage/claim-binding.ts";
export * from "./storage/default-storage-class.ts";
export * from "./storage/local-provisioning.ts";
export * from "./storage/volume-matching.ts";
export * from "./toleration.ts";
export { validateTaints, validateTolerations } from "./validation/affinity-validation.ts";
export { validateScale } from "./validation/autoscaling-validation.ts";
export { isExtendedResource, isNativeResource, validateResourceQuantity } from "./validation/container-resources-validation.ts";
export { ipFamily, isCidr, isIpAddress } from "./validation/ip-address.ts";
export { isEmptySelector, validateLabels, validateLabelSelector } from "./validation/labels.ts";
export * from "./validation/names.ts";
export { checkName, MAX_ANNOTATIONS_SIZE, validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";
export { validateStructuralSchema } from "./validation/structural-schema.ts";
export { ageColumn, nameColumn, NONE } from "./columns/common-columns.ts";
export { type PodSummary, summarizePod } from "./columns/pod-columns.ts";
export * from "./human-duration.ts";
