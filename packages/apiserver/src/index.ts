export * from "./admission.ts";
export * from "./attributes.ts";
export * from "./authenticator.ts";
export * from "./user.ts";
export * from "./pki/index.ts";
export * from "./admission/index.ts";
export * from "./authn/index.ts";
export * from "./authz/index.ts";
export * from "./front/index.ts";
export * from "./surfaces/index.ts";
export * from "./api-server-options.ts";
export * from "./create-api-server.ts";
export * from "./in-process-transport.ts";
export * from "./object-reader.ts";
export * from "./virtual-resource.ts";
export { CacheReader } from "./registry/cache-reader.ts";
export type { KindStrategy, Reservation } from "./strategies/kind-strategy.ts";
export { BUILT_IN_STRATEGIES } from "./strategies/built-in-strategies.ts";
export { kindPrefix } from "./registry/store-keys.ts";
export { ServiceStrategy, type ServiceRanges } from "./services/service-strategy.ts";
export { cachedNodeSource, cachedRbacSource } from "./ports/registry-sources.ts";
export { StoredQuotaWriter } from "./ports/stored-quota-writer.ts";
export { auditEvent, type AuditEvent, type AuditRecord } from "./audit/audit-event.ts";
export { isAudited } from "./audit/audit-policy.ts";
export type { AuditSink } from "./audit/audit-sink.ts";
export type { YamlDecoder } from "./ports/yaml-decoder.ts";
export { WorkerYamlDecoder, type WorkerYamlDecoderOptions } from "./ports/node-yaml-decoder.ts";
export { HttpsWebhookTransport } from "./ports/https-webhook-transport.ts";
export { HttpsNodeConnector, type HttpsNodeConnectorOptions } from "./ports/https-node-connector-transport.ts";
export {
  NodeUnreachableError,
  type ConnectRequest,
  type ConnectResponse,
  type ConnectTarget,
  type NodeConnector,
} from "./ports/node-connector.ts";
export { ensureObject } from "./bootstrap/ensure-object.ts";
export { ensureSystemObjects, keepKubernetesService, type SystemObjectsOptions } from "./bootstrap/system-objects.ts";
export type { AdvertisedServers } from "./bootstrap/kubernetes-service.ts";
export { compactStore } from "./bootstrap/store-compaction.ts";
export { sweepEvents, sweepOnce } from "./bootstrap/event-sweeper.ts";
export { createSubresourceHandlers, type SubresourceParts } from "./subresources/default-subresources.ts";
export type { SubresourceHandler } from "./subresources/subresource-handler.ts";
export { kubernetesServiceIp } from "./bootstrap/kubernetes-service.ts";
export type { UpgradedConnection } from "./ports/node-connector.ts";
export { createResourceMetrics, type ResourceMetrics, type ResourceMetricsOptions } from "./resource-metrics/resource-metrics.ts";
export { legacyBindings } from "./subresources/legacy-binding.ts";
