/**
 * Defaults that are part of the schema, so that server-side apply and clients know them: `group.Definition field value`,
 * the value as JSON. (Defaults that depend on other fields are code of the kind.)
 */
export const DEFAULTS = `
core.AzureDiskVolumeSource cachingMode "ReadWrite"
core.AzureDiskVolumeSource fsType "ext4"
core.AzureDiskVolumeSource kind "Shared"
core.AzureDiskVolumeSource readOnly false
core.ConfigMapEnvSource name ""
core.ConfigMapKeySelector name ""
core.ConfigMapProjection name ""
core.ConfigMapVolumeSource name ""
core.ContainerPort protocol "TCP"
core.GRPCAction service ""
core.ISCSIPersistentVolumeSource iscsiInterface "default"
core.ISCSIVolumeSource iscsiInterface "default"
core.LocalObjectReference name ""
core.RBDPersistentVolumeSource keyring "/etc/ceph/keyring"
core.RBDPersistentVolumeSource pool "rbd"
core.RBDPersistentVolumeSource user "admin"
core.RBDVolumeSource keyring "/etc/ceph/keyring"
core.RBDVolumeSource pool "rbd"
core.RBDVolumeSource user "admin"
core.ScaleIOPersistentVolumeSource fsType "xfs"
core.ScaleIOPersistentVolumeSource storageMode "ThinProvisioned"
core.ScaleIOVolumeSource fsType "xfs"
core.ScaleIOVolumeSource storageMode "ThinProvisioned"
core.SecretEnvSource name ""
core.SecretKeySelector name ""
core.SecretProjection name ""
core.ServicePort protocol "TCP"
`;

/** The values of enumerations, which clients show (`kubectl explain`); validation has its own rules: `group.Definition field A,B`. */
export const ENUMERATIONS = `
admissionregistration.MatchResources matchPolicy Equivalent,Exact
admissionregistration.MutatingWebhook failurePolicy Fail,Ignore
admissionregistration.MutatingWebhook matchPolicy Equivalent,Exact
admissionregistration.MutatingWebhook reinvocationPolicy IfNeeded,Never
admissionregistration.MutatingWebhook sideEffects None,NoneOnDryRun,Some,Unknown
admissionregistration.ParamRef parameterNotFoundAction Allow,Deny
admissionregistration.RuleWithOperations scope *,Cluster,Namespaced
admissionregistration.ValidatingWebhook failurePolicy Fail,Ignore
admissionregistration.ValidatingWebhook matchPolicy Equivalent,Exact
admissionregistration.ValidatingWebhook sideEffects None,NoneOnDryRun,Some,Unknown
apps.DaemonSetUpdateStrategy type OnDelete,RollingUpdate
apps.DeploymentStrategy type Recreate,RollingUpdate
apps.StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted Delete,Retain
apps.StatefulSetPersistentVolumeClaimRetentionPolicy whenScaled Delete,Retain
apps.StatefulSetSpec podManagementPolicy OrderedReady,Parallel
apps.StatefulSetUpdateStrategy type OnDelete,RollingUpdate
batch.CronJobSpec concurrencyPolicy Allow,Forbid,Replace
batch.JobSpec completionMode Indexed,NonIndexed
batch.JobSpec podReplacementPolicy Failed,TerminatingOrFailed
batch.PodFailurePolicyOnExitCodesRequirement operator In,NotIn
batch.PodFailurePolicyRule action Count,FailIndex,FailJob,Ignore
core.AppArmorProfile type Localhost,RuntimeDefault,Unconfined
core.AzureDiskVolumeSource cachingMode None,ReadOnly,ReadWrite
core.AzureDiskVolumeSource kind Dedicated,Managed,Shared
core.Container imagePullPolicy Always,IfNotPresent,Never
core.Container terminationMessagePolicy FallbackToLogsOnError,File
core.ContainerPort protocol SCTP,TCP,UDP
core.EndpointPort protocol SCTP,TCP,UDP
core.EphemeralContainer imagePullPolicy Always,IfNotPresent,Never
core.EphemeralContainer terminationMessagePolicy FallbackToLogsOnError,File
core.HTTPGetAction scheme HTTP,HTTPS
core.NamespaceStatus phase Active,Terminating
core.NodeSelectorRequirement operator DoesNotExist,Exists,Gt,In,Lt,NotIn
core.NodeStatus phase Pending,Running,Terminated
core.PersistentVolumeClaimSpec volumeMode Block,Filesystem
core.PersistentVolumeClaimStatus phase Bound,Lost,Pending
core.PersistentVolumeSpec persistentVolumeReclaimPolicy Delete,Recycle,Retain
core.PersistentVolumeSpec volumeMode Block,Filesystem
core.PersistentVolumeStatus phase Available,Bound,Failed,Pending,Released
core.PodSecurityContext fsGroupChangePolicy Always,OnRootMismatch
core.PodSecurityContext supplementalGroupsPolicy Merge,Strict
core.PodSpec dnsPolicy ClusterFirst,ClusterFirstWithHostNet,Default,None
core.PodSpec preemptionPolicy Never,PreemptLowerPriority
core.PodSpec restartPolicy Always,Never,OnFailure
core.PodStatus phase Failed,Pending,Running,Succeeded,Unknown
core.PodStatus qosClass BestEffort,Burstable,Guaranteed
core.PortStatus protocol SCTP,TCP,UDP
core.ScopedResourceSelectorRequirement operator DoesNotExist,Exists,In,NotIn
core.SeccompProfile type Localhost,RuntimeDefault,Unconfined
core.SecurityContext procMount Default,Unmasked
core.ServicePort protocol SCTP,TCP,UDP
core.ServiceSpec externalTrafficPolicy Cluster,Local
core.ServiceSpec internalTrafficPolicy Cluster,Local
core.ServiceSpec ipFamilyPolicy PreferDualStack,RequireDualStack,SingleStack
core.ServiceSpec sessionAffinity ClientIP,None
core.ServiceSpec type ClusterIP,ExternalName,LoadBalancer,NodePort
core.Taint effect NoExecute,NoSchedule,PreferNoSchedule
core.Toleration effect NoExecute,NoSchedule,PreferNoSchedule
core.TopologySpreadConstraint nodeAffinityPolicy Honor,Ignore
core.TopologySpreadConstraint nodeTaintsPolicy Honor,Ignore
core.TopologySpreadConstraint whenUnsatisfiable DoNotSchedule,ScheduleAnyway
discovery.EndpointSlice addressType FQDN,IPv4,IPv6
networking.HTTPIngressPath pathType Exact,ImplementationSpecific,Prefix
policy.PodDisruptionBudgetSpec unhealthyPodEvictionPolicy AlwaysAllow,IfHealthyBudget
scheduling.PriorityClass preemptionPolicy Never,PreemptLowerPriority
storage.StorageClass reclaimPolicy Delete,Recycle,Retain
storage.StorageClass volumeBindingMode Immediate,WaitForFirstConsumer
`;
