export type { AdmissionPlugin } from "./admission.ts";
export type { UserInfo } from "./user.ts";
export { type CertificateAndKey, CertificateAuthority } from "./pki/certificate-authority.ts";
export { ClusterPki, type ClusterPkiFiles, createClusterPki } from "./pki/cluster-pki.ts";
export { createCertificateRequest, parseCertificateRequest, type ParsedCertificateRequest } from "./pki/certificate-request.ts";
export { generateKeyPair } from "./pki/node-crypto.ts";
export { kubeletServingProblem, recogniseKubeletClient, signCertificateSigningRequest, SIGNERS } from "./pki/signers.ts";
export { needsRenewal } from "./pki/validity.ts";
export { PeerCertificateVerifier } from "./pki/peer-certificate.ts";
export { createDefaultAdmission } from "./admission/default-plugins.ts";
export { createAuthentication } from "./authn/default-authentication.ts";
export { serviceAccountGroups } from "./authn/service-account-claims.ts";
export { createAuthorizer } from "./authz/default-authorizer.ts";
export { nodeSourceOf } from "./authz/node/node-source.ts";
export { RbacAuthorizer } from "./authz/rbac/rbac-authorizer.ts";
export { rbacSourceOf } from "./authz/rbac/rbac-source.ts";
export { reconcileBootstrapPolicy } from "./authz/bootstrap-policy/reconcile.ts";
export { reviewResources } from "./authz/review-resources.ts";
export { SUPERUSER_GROUP } from "./authz/union-authorizer.ts";
export { createHttpsFront, type HttpsFront } from "./front/https-front.ts";
export { createPathHandlers } from "./surfaces/path-handlers.ts";
export type { HealthCheck } from "./surfaces/health-paths.ts";
export type { ServerBase, ServerParts } from "./api-server-options.ts";
export { type ApiServer, createApiServer } from "./create-api-server.ts";
export type { ObjectReader } from "./object-reader.ts";
export { kindPrefix } from "./registry/store-keys.ts";
export { ServiceStrategy } from "./services/service-strategy.ts";
export { cachedNodeSource, cachedRbacSource } from "./ports/registry-sources.ts";
export { StoredQuotaWriter } from "./ports/stored-quota-writer.ts";
export { auditEvent, type AuditEvent, type AuditRecord } from "./audit/audit-event.ts";
export { isAudited } from "./audit/audit-policy.ts";
export type { AuditSink } from "./audit/audit-sink.ts";
export type { YamlDecoder } from "./ports/yaml-decoder.ts";
export { WorkerYamlDecoder } from "./ports/node-yaml-decoder.ts";
export { HttpsWebhookTransport } from "./ports/https-webhook-transport.ts";
export { HttpsNodeConnector } from "./ports/https-node-connector-transport.ts";
export {
  type ConnectRequest,
  type ConnectResponse,
  type ConnectTarget,
  type NodeConnector,
  NodeUnreachableError,
} from "./ports/node-connector.ts";
export { ensureObject } from "./bootstrap/ensure-object.ts";
export { ensureSystemObjects, keepKubernetesService } from "./bootstrap/system-objects.ts";
export type { AdvertisedServers } from "./bootstrap/kubernetes-service.ts";
export { compactStore } from "./bootstrap/store-compaction.ts";
export { sweepEvents } from "./bootstrap/event-sweeper.ts";
export { createSubresourceHandlers } from "./subresources/default-subresources.ts";
export { createResourceMetrics, type ResourceMetrics } from "./resource-metrics/resource-metrics.ts";
export { legacyBindings } from "./subresources/legacy-binding.ts";
