/**
 * How lists and objects of the built-in kinds merge: what the client's models do not say. One field a line:
 * `group.Definition field list-type map-keys patch-strategy merge-key`, with `-` for what does not apply. The group is
 * the one in the definition's name; a line holds for every version. Lists that are not here are atomic and are replaced
 * by patches.
 *
 * Source: the API reference of each kind (https://kubernetes.io/docs/reference/kubernetes-api/), "Map: unique values on
 * key …", "Set: …", "Patch strategy: …".
 */
export const LIST_RULES = `
admissionregistration.MutatingAdmissionPolicySpec matchConditions map name merge name
admissionregistration.MutatingWebhook matchConditions map name merge name
admissionregistration.MutatingWebhookConfiguration webhooks map name merge name
admissionregistration.ValidatingAdmissionPolicyBindingSpec validationActions set - - -
admissionregistration.ValidatingAdmissionPolicySpec matchConditions map name merge name
admissionregistration.ValidatingAdmissionPolicySpec variables map name merge name
admissionregistration.ValidatingAdmissionPolicyStatus conditions map type - -
admissionregistration.ValidatingWebhook matchConditions map name merge name
admissionregistration.ValidatingWebhookConfiguration webhooks map name merge name
apiextensions.CustomResourceDefinitionStatus conditions map type - -
apiextensions.JSONSchemaProps x-kubernetes-validations map rule merge rule
apiregistration.APIServiceSpec caBundle atomic - - -
apiregistration.APIServiceStatus conditions map type merge type
apiserverinternal.ServerStorageVersion decodableVersions set - - -
apiserverinternal.ServerStorageVersion servedVersions set - - -
apiserverinternal.StorageVersionStatus conditions map type - -
apiserverinternal.StorageVersionStatus storageVersions map apiServerID - -
apps.DaemonSetStatus conditions map type merge type
apps.DeploymentSpec strategy - - retainKeys -
apps.DeploymentStatus conditions map type merge type
apps.ReplicaSetStatus conditions map type merge type
apps.StatefulSetStatus conditions map type merge type
autoscaling.HorizontalPodAutoscalerStatus conditions map type merge type
batch.JobStatus conditions atomic - merge type
batch.PodFailurePolicyOnExitCodesRequirement values set - - -
batch.UncountedTerminatedPods failed set - - -
batch.UncountedTerminatedPods succeeded set - - -
certificates.CertificateSigningRequestStatus conditions map type - -
certificates.PodCertificateRequestStatus conditions map type merge type
core.ComponentStatus conditions map type merge type
core.Container env map name merge name
core.Container ports map containerPort,protocol merge containerPort
core.Container volumeDevices map devicePath merge devicePath
core.Container volumeMounts map mountPath merge mountPath
core.ContainerRestartRuleOnExitCodes values set - - -
core.ContainerStatus allocatedResourcesStatus map name merge name
core.ContainerStatus volumeMounts map mountPath merge mountPath
core.EphemeralContainer env map name merge name
core.EphemeralContainer ports map containerPort,protocol merge containerPort
core.EphemeralContainer volumeDevices map devicePath merge devicePath
core.EphemeralContainer volumeMounts map mountPath merge mountPath
core.NamespaceStatus conditions map type merge type
core.NodeAllocatableResourceClaimStatus containers set - - -
core.NodeSpec podCIDRs set - merge -
core.NodeStatus addresses map type merge type
core.NodeStatus conditions map type merge type
core.PersistentVolumeClaimStatus conditions map type merge type
core.PodSpec containers map name merge name
core.PodSpec ephemeralContainers map name merge name
core.PodSpec hostAliases map ip merge ip
core.PodSpec imagePullSecrets map name merge name
core.PodSpec initContainers map name merge name
core.PodSpec resourceClaims map name merge,retainKeys name
core.PodSpec schedulingGates map name merge name
core.PodSpec topologySpreadConstraints map topologyKey,whenUnsatisfiable merge topologyKey
core.PodSpec volumes map name merge,retainKeys name
core.PodStatus conditions map type merge type
core.PodStatus hostIPs atomic - merge ip
core.PodStatus podIPs map ip merge ip
core.PodStatus resourceClaimStatuses map name merge,retainKeys name
core.ReplicationControllerStatus conditions map type merge type
core.ResourceRequirements claims map name - -
core.ResourceStatus resources map resourceID - -
core.ServiceAccount secrets map name merge name
core.ServiceSpec ports map port,protocol merge port
core.ServiceStatus conditions map type merge type
discovery.Endpoint addresses set - - -
flowcontrol.FlowSchemaStatus conditions map type merge type
flowcontrol.NonResourcePolicyRule nonResourceURLs set - - -
flowcontrol.NonResourcePolicyRule verbs set - - -
flowcontrol.PriorityLevelConfigurationStatus conditions map type merge type
flowcontrol.ResourcePolicyRule apiGroups set - - -
flowcontrol.ResourcePolicyRule namespaces set - - -
flowcontrol.ResourcePolicyRule resources set - - -
flowcontrol.ResourcePolicyRule verbs set - - -
meta.ObjectMeta finalizers set - merge -
meta.ObjectMeta ownerReferences map uid merge uid
networking.ServiceCIDRStatus conditions map type merge type
policy.PodDisruptionBudgetSpec selector - - replace -
policy.PodDisruptionBudgetStatus conditions map type merge type
resource.AllocatedDeviceStatus conditions map type - -
resource.DeviceTaintRuleStatus conditions map type merge type
resource.ResourceClaimStatus devices map driver,device,pool,shareID - -
resource.ResourceClaimStatus reservedFor map uid merge uid
resource.ResourcePoolStatusRequestStatus conditions map type merge type
scheduling.PodGroupSpec resourceClaims map name merge,retainKeys name
scheduling.PodGroupStatus conditions map type merge type
scheduling.PodGroupStatus resourceClaimStatuses map name merge,retainKeys name
scheduling.PodGroupTemplate resourceClaims map name merge,retainKeys name
scheduling.WorkloadSpec podGroupTemplates map name - -
storage.CSIDriverSpec volumeLifecycleModes set - - -
storage.CSINodeSpec drivers map name merge name
storagemigration.StorageVersionMigrationStatus conditions map type merge type
`;

/** Definitions, and single fields, whose objects server-side apply takes as one value (`group.Definition`, and the versions where not all have it). */
export const ATOMIC_MAPS = `
admissionregistration.MatchResources
admissionregistration.NamedRuleWithOperations
admissionregistration.ParamKind
admissionregistration.ParamRef
admissionregistration.Variable v1,v1beta1
autoscaling.CrossVersionObjectReference v1
core.ConfigMapKeySelector
core.EndpointAddress
core.EndpointPort
core.FileKeySelector
core.LocalObjectReference
core.NodeSelector
core.NodeSelectorTerm
core.ObjectFieldSelector
core.ObjectReference
core.ResourceFieldSelector
core.ScopeSelector
core.SecretKeySelector
core.SecretReference
core.TopologySelectorTerm
core.TypedLocalObjectReference
discovery.EndpointPort
networking.ServiceBackendPort
rbac.RoleRef
rbac.Subject
meta.LabelSelector
meta.OwnerReference
`;

/** Fields whose map type is other than that of the definition that they refer to: `group.Definition field map-type`. */
export const FIELD_MAP_TYPES = `
core.PersistentVolumeClaimStatus allocatedResourceStatuses granular
core.PersistentVolumeSpec claimRef granular
core.PodSpec nodeSelector atomic
core.ReplicationControllerSpec selector atomic
core.ServiceSpec selector atomic
node.Scheduling nodeSelector atomic
`;
