import type { SchemaRegistry } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { AdmissionPlugin } from "../admission.ts";
import type { Authorizer } from "../attributes.ts";
import { RbacEscalationCheck } from "../authz/rbac/escalation.ts";
import type { RbacAuthorizer } from "../authz/rbac/rbac-authorizer.ts";
import type { ObjectReader } from "../object-reader.ts";
import { CertificateApproval, CertificateRequester, CertificateSigning, CertificateSubjectRestriction } from "./certificates.ts";
import { DefaultIngressClass, DefaultStorageClass } from "./default-classes.ts";
import { DefaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { LimitRanger } from "./limit-ranger.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import { NodeRestriction } from "./node-restriction.ts";
import { PersistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { PodSecurity } from "./pod-security/pod-security.ts";
import type { PodSecurityPolicy } from "./pod-security/pod-security-policy.ts";
import { PodTopologyLabels } from "./pod-topology-labels.ts";
import { MatchConditions } from "./policy/match-conditions.ts";
import { MutatingAdmissionPolicies } from "./policy/mutating-policies.ts";
import type { ResourceOfKind } from "./policy/policy-matching.ts";
import { ValidatingAdmissionPolicies } from "./policy/validating-policies.ts";
import { PriorityAdmission } from "./priority.ts";
import { ResourceQuotaAdmission, type QuotaWriter } from "./quota/resource-quota.ts";
import { AdmissionChain } from "./reinvocation.ts";
import { RuntimeClassAdmission } from "./runtime-class.ts";
import { ServiceAccountAdmission } from "./service-account.ts";
import { StorageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { TaintNodesByCondition } from "./taint-nodes-by-condition.ts";
import { MutatingAdmissionWebhook } from "./webhook/mutating-webhooks.ts";
import { ValidatingAdmissionWebhook } from "./webhook/validating-webhooks.ts";
import { WebhookCaller } from "./webhook/webhook-caller.ts";
import type { WebhookTransport } from "./webhook/webhook-transport.ts";

/** What the default plug-ins need. */
interface DefaultAdmissionParts {
  readonly host: Host;
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly quotaWriter: QuotaWriter;
  readonly webhookTransport: WebhookTransport;
  readonly schemas: SchemaRegistry;
  /** Finds kinds that policies take parameters of, custom ones included. */
  readonly resourceOf: ResourceOfKind;
  /** What namespaces without labels ask of pods. Default: nothing. */
  readonly podSecurity?: PodSecurityPolicy;
}

/** Upstream's default plug-ins, in upstream's order. */
function defaultPlugins(parts: DefaultAdmissionParts): readonly AdmissionPlugin[] {
  const { host, reader, authorizer, rbac, quotaWriter, webhookTransport, schemas, resourceOf, podSecurity } = parts;
  const webhooks = new WebhookCaller(host, reader, webhookTransport, new MatchConditions(authorizer));
  return [
    new NamespaceLifecycle(reader),
    new LimitRanger(reader),
    new ServiceAccountAdmission(host, reader),
    new NodeRestriction(reader),
    new TaintNodesByCondition(),
    new PodSecurity(reader, podSecurity),
    new PriorityAdmission(reader),
    new DefaultTolerationSeconds(),
    new DefaultStorageClass(reader),
    new StorageObjectInUseProtection(),
    new PersistentVolumeClaimResize(reader),
    new RuntimeClassAdmission(reader),
    new CertificateApproval(authorizer),
    new CertificateSigning(authorizer),
    new CertificateSubjectRestriction(),
    new DefaultIngressClass(reader),
    new PodTopologyLabels(reader),
    new MutatingAdmissionPolicies(reader, authorizer, resourceOf, schemas),
    new MutatingAdmissionWebhook(reader, webhooks),
    new CertificateRequester(),
    new RbacEscalationCheck(rbac, authorizer),
    new ValidatingAdmissionPolicies(reader, authorizer, resourceOf),
    new ValidatingAdmissionWebhook(reader, webhooks),
    // Last, so that nothing is charged for a request that another plug-in refuses.
    new ResourceQuotaAdmission(reader, quotaWriter),
  ];
}

/** {@link defaultPlugins} as one plug-in that runs the mutating ones a second time when webhooks changed the object. */
export function createDefaultAdmission(parts: DefaultAdmissionParts): AdmissionPlugin {
  return new AdmissionChain(defaultPlugins(parts));
}
