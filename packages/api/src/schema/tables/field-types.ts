/**
 * Fields that the client's models call `string` or `any` and that are more: `group.Definition field definition`, for
 * every version of the group. In a map or a list the definition is that of the values.
 */
export const FIELD_TYPES = `
apiextensions.CustomResourceSubresources status CustomResourceSubresourceStatus
apiextensions.JSONSchemaProps additionalItems JSONSchemaPropsOrBool
apiextensions.JSONSchemaProps additionalProperties JSONSchemaPropsOrBool
apiextensions.JSONSchemaProps default JSON
apiextensions.JSONSchemaProps dependencies JSONSchemaPropsOrStringArray
apiextensions.JSONSchemaProps enum JSON
apiextensions.JSONSchemaProps example JSON
apiextensions.JSONSchemaProps items JSONSchemaPropsOrArray
apiserverinternal.StorageVersion spec StorageVersionSpec
apps.ControllerRevision data RawExtension
autoscaling.HPAScalingRules tolerance Quantity
autoscaling.MetricTarget averageValue Quantity
autoscaling.MetricTarget value Quantity
autoscaling.MetricValueStatus averageValue Quantity
autoscaling.MetricValueStatus value Quantity
core.ContainerStatus allocatedResources Quantity
core.EmptyDirVolumeSource sizeLimit Quantity
core.LimitRangeItem default Quantity
core.LimitRangeItem defaultRequest Quantity
core.LimitRangeItem max Quantity
core.LimitRangeItem maxLimitRequestRatio Quantity
core.LimitRangeItem min Quantity
core.NodeAllocatableResourceClaimStatus resources Quantity
core.NodeStatus allocatable Quantity
core.NodeStatus capacity Quantity
core.PersistentVolumeClaimStatus allocatedResources Quantity
core.PersistentVolumeClaimStatus capacity Quantity
core.PersistentVolumeSpec capacity Quantity
core.PodSpec overhead Quantity
core.PodStatus allocatedResources Quantity
core.ResourceFieldSelector divisor Quantity
core.ResourceQuotaSpec hard Quantity
core.ResourceQuotaStatus hard Quantity
core.ResourceQuotaStatus used Quantity
core.ResourceRequirements limits Quantity
core.ResourceRequirements requests Quantity
core.VolumeResourceRequirements limits Quantity
core.VolumeResourceRequirements requests Quantity
meta.ManagedFieldsEntry fieldsV1 FieldsV1
meta.WatchEvent object RawExtension
node.Overhead podFixed Quantity
resource.AllocatedDeviceStatus data RawExtension
resource.CapacityRequestPolicy default Quantity
resource.CapacityRequestPolicy validValues Quantity
resource.CapacityRequestPolicyRange max Quantity
resource.CapacityRequestPolicyRange min Quantity
resource.CapacityRequestPolicyRange step Quantity
resource.CapacityRequirements requests Quantity
resource.Counter value Quantity
resource.DeviceCapacity value Quantity
resource.DeviceRequestAllocationResult consumedCapacity Quantity
resource.NodeAllocatableResourceMapping allocationMultiplier Quantity
resource.OpaqueDeviceConfiguration parameters RawExtension
scheduling.PodGroupSchedulingPolicy basic BasicSchedulingPolicy
storage.CSIStorageCapacity capacity Quantity
storage.CSIStorageCapacity maximumVolumeSize Quantity
`;

/** Discriminated unions: `group.Definition discriminator field=Value,…`, with `-` where there is no discriminator. */
export const UNIONS = `
core.AppArmorProfile type localhostProfile=LocalhostProfile
core.PodSchedulingGroup - podGroupName=PodGroupName
core.SeccompProfile type localhostProfile=LocalhostProfile
flowcontrol.LimitResponse type queuing=Queuing
flowcontrol.PriorityLevelConfigurationSpec type exempt=Exempt,limited=Limited
flowcontrol.Subject kind group=Group,serviceAccount=ServiceAccount,user=User
scheduling.PodGroupSchedulingPolicy - basic=Basic,gang=Gang
scheduling.PodGroupTemplateReference - workload=Workload
`;
