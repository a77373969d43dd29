import { apiServiceKind } from "./api-service.ts";
import { bindingKind } from "./binding.ts";
import { certificateSigningRequestKind } from "./certificate-signing-request.ts";
import { clusterRoleKind } from "./cluster-role.ts";
import { clusterRoleBindingKind } from "./cluster-role-binding.ts";
import { componentStatusKind } from "./component-status.ts";
import { configMapKind } from "./config-map.ts";
import { controllerRevisionKind } from "./controller-revision.ts";
import { cronJobKind } from "./cron-job.ts";
import { csiDriverKind } from "./csi-driver.ts";
import { csiNodeKind } from "./csi-node.ts";
import { csiStorageCapacityKind } from "./csi-storage-capacity.ts";
import { customResourceDefinitionKind } from "./custom-resource-definition.ts";
import { daemonSetKind } from "./daemon-set.ts";
import { deploymentKind } from "./deployment.ts";
import { deviceClassKind } from "./device-class.ts";
import { endpointSliceKind } from "./endpoint-slice.ts";
import { endpointsKind } from "./endpoints.ts";
import { eventKind } from "./event.ts";
import { flowSchemaKind } from "./flow-schema.ts";
import { horizontalPodAutoscalerKind } from "./horizontal-pod-autoscaler.ts";
import { ingressKind } from "./ingress.ts";
import { ingressClassKind } from "./ingress-class.ts";
import { ipAddressKind } from "./ip-address.ts";
import { jobKind } from "./job.ts";
import { leaseKind } from "./lease.ts";
import { limitRangeKind } from "./limit-range.ts";
import { localSubjectAccessReviewKind } from "./local-subject-access-review.ts";
import { mutatingAdmissionPolicyKind } from "./mutating-admission-policy.ts";
import { mutatingAdmissionPolicyBindingKind } from "./mutating-admission-policy-binding.ts";
import { mutatingWebhookConfigurationKind } from "./mutating-webhook-configuration.ts";
import { namespaceKind } from "./namespace.ts";
import { networkPolicyKind } from "./network-policy.ts";
import { nodeKind } from "./node.ts";
import { persistentVolumeKind } from "./persistent-volume.ts";
import { persistentVolumeClaimKind } from "./persistent-volume-claim.ts";
import { podKind } from "./pod.ts";
import { podDisruptionBudgetKind } from "./pod-disruption-budget.ts";
import { podTemplateKind } from "./pod-template.ts";
import { priorityClassKind } from "./priority-class.ts";
import { priorityLevelConfigurationKind } from "./priority-level-configuration.ts";
import { replicaSetKind } from "./replica-set.ts";
import { replicationControllerKind } from "./replication-controller.ts";
import { resourceClaimKind } from "./resource-claim.ts";
import { resourceClaimTemplateKind } from "./resource-claim-template.ts";
import { resourceQuotaKind } from "./resource-quota.ts";
import { resourceSliceKind } from "./resource-slice.ts";
import { roleKind } from "./role.ts";
import { roleBindingKind } from "./role-binding.ts";
import { runtimeClassKind } from "./runtime-class.ts";
import { secretKind } from "./secret.ts";
import { selfSubjectAccessReviewKind } from "./self-subject-access-review.ts";
import { selfSubjectReviewKind } from "./self-subject-review.ts";
import { selfSubjectRulesReviewKind } from "./self-subject-rules-review.ts";
import { serviceKind } from "./service.ts";
import { serviceAccountKind } from "./service-account.ts";
import { serviceCIDRKind } from "./service-cidr.ts";
import { statefulSetKind } from "./stateful-set.ts";
import { storageClassKind } from "./storage-class.ts";
import { subjectAccessReviewKind } from "./subject-access-review.ts";
import { tokenReviewKind } from "./token-review.ts";
import { validatingAdmissionPolicyKind } from "./validating-admission-policy.ts";
import { validatingAdmissionPolicyBindingKind } from "./validating-admission-policy-binding.ts";
import { validatingWebhookConfigurationKind } from "./validating-webhook-configuration.ts";
import { volumeAttachmentKind } from "./volume-attachment.ts";
import { volumeAttributesClassKind } from "./volume-attributes-class.ts";
import type { KindDefinition } from "../kind.ts";
import type { KubeObject } from "../object.ts";

/**
 * Functions inside a definition take its own object type, so a definition is not one of `KubeObject` for the compiler;
 * whoever walks over all kinds gives each one only objects of that kind.
 */
function anyKind<T extends KubeObject>(kind: KindDefinition<T>): KindDefinition {
  return kind as unknown as KindDefinition;
}

/** Every built-in kind, grouped as discovery lists the groups. */
export const allKinds: readonly KindDefinition[] = [
  anyKind(podKind),
  anyKind(nodeKind),
  anyKind(namespaceKind),
  anyKind(serviceKind),
  anyKind(endpointsKind),
  anyKind(configMapKind),
  anyKind(secretKind),
  anyKind(serviceAccountKind),
  anyKind(eventKind),
  anyKind(limitRangeKind),
  anyKind(resourceQuotaKind),
  anyKind(persistentVolumeKind),
  anyKind(persistentVolumeClaimKind),
  anyKind(podTemplateKind),
  anyKind(replicationControllerKind),
  anyKind(componentStatusKind),
  anyKind(bindingKind),
  anyKind(apiServiceKind),
  anyKind(deploymentKind),
  anyKind(replicaSetKind),
  anyKind(statefulSetKind),
  anyKind(daemonSetKind),
  anyKind(controllerRevisionKind),
  anyKind(selfSubjectReviewKind),
  anyKind(tokenReviewKind),
  anyKind(localSubjectAccessReviewKind),
  anyKind(selfSubjectAccessReviewKind),
  anyKind(selfSubjectRulesReviewKind),
  anyKind(subjectAccessReviewKind),
  anyKind(horizontalPodAutoscalerKind),
  anyKind(jobKind),
  anyKind(cronJobKind),
  anyKind(certificateSigningRequestKind),
  anyKind(leaseKind),
  anyKind(endpointSliceKind),
  anyKind(flowSchemaKind),
  anyKind(priorityLevelConfigurationKind),
  anyKind(ingressKind),
  anyKind(ingressClassKind),
  anyKind(networkPolicyKind),
  anyKind(ipAddressKind),
  anyKind(serviceCIDRKind),
  anyKind(runtimeClassKind),
  anyKind(podDisruptionBudgetKind),
  anyKind(clusterRoleKind),
  anyKind(clusterRoleBindingKind),
  anyKind(roleKind),
  anyKind(roleBindingKind),
  anyKind(deviceClassKind),
  anyKind(resourceClaimKind),
  anyKind(resourceClaimTemplateKind),
  anyKind(resourceSliceKind),
  anyKind(priorityClassKind),
  anyKind(csiDriverKind),
  anyKind(csiNodeKind),
  anyKind(csiStorageCapacityKind),
  anyKind(storageClassKind),
  anyKind(volumeAttachmentKind),
  anyKind(volumeAttributesClassKind),
  anyKind(mutatingAdmissionPolicyKind),
  anyKind(mutatingAdmissionPolicyBindingKind),
  anyKind(mutatingWebhookConfigurationKind),
  anyKind(validatingAdmissionPolicyKind),
  anyKind(validatingAdmissionPolicyBindingKind),
  anyKind(validatingWebhookConfigurationKind),
  anyKind(customResourceDefinitionKind),
];

export {
  apiServiceKind,
  bindingKind,
  certificateSigningRequestKind,
  clusterRoleKind,
  clusterRoleBindingKind,
  componentStatusKind,
  configMapKind,
  controllerRevisionKind,
  cronJobKind,
  csiDriverKind,
  csiNodeKind,
  csiStorageCapacityKind,
  customResourceDefinitionKind,
  daemonSetKind,
  deploymentKind,
  deviceClassKind,
  endpointSliceKind,
  endpointsKind,
  eventKind,
  flowSchemaKind,
  horizontalPodAutoscalerKind,
  ingressKind,
  ingressClassKind,
  ipAddressKind,
  jobKind,
  leaseKind,
  limitRangeKind,
  localSubjectAccessReviewKind,
  mutatingAdmissionPolicyKind,
  mutatingAdmissionPolicyBindingKind,
  mutatingWebhookConfigurationKind,
  namespaceKind,
  networkPolicyKind,
  nodeKind,
  persistentVolumeKind,
  persistentVolumeClaimKind,
  podKind,
  podDisruptionBudgetKind,
  podTemplateKind,
  priorityClassKind,
  priorityLevelConfigurationKind,
  replicaSetKind,
  replicationControllerKind,
  resourceClaimKind,
  resourceClaimTemplateKind,
  resourceQuotaKind,
  resourceSliceKind,
  roleKind,
  roleBindingKind,
  runtimeClassKind,
  secretKind,
  selfSubjectAccessReviewKind,
  selfSubjectReviewKind,
  selfSubjectRulesReviewKind,
  serviceKind,
  serviceAccountKind,
  serviceCIDRKind,
  statefulSetKind,
  storageClassKind,
  subjectAccessReviewKind,
  tokenReviewKind,
  validatingAdmissionPolicyKind,
  validatingAdmissionPolicyBindingKind,
  validatingWebhookConfigurationKind,
  volumeAttachmentKind,
  volumeAttributesClassKind,
};
