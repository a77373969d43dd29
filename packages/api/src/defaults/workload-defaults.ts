import type {
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentSpec,
  PodTemplate,
  ReplicaSet,
  ReplicaSetSpec,
  ReplicationController,
  StatefulSet,
  StatefulSetSpec,
} from "../generated/types.ts";
import { setPodTemplateDefaults } from "./pod-spec-defaults.ts";
import { setPersistentVolumeClaimDefaults } from "./storage-defaults.ts";

/** What a Deployment leaves out, in place. */
export function setDeploymentDefaults(deployment: Deployment): void {
  deployment.spec ??= {} as DeploymentSpec;
  deployment.status ??= {};
  const { spec } = deployment;
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
    spec.strategy.rollingUpdate.maxSurge ??= "25%";
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  setPodTemplateDefaults(spec.template);
}

/** What a ReplicaSet leaves out, in place. */
export function setReplicaSetDefaults(replicaSet: ReplicaSet): void {
  replicaSet.spec ??= {} as ReplicaSetSpec;
  replicaSet.status ??= { replicas: 0 };
  replicaSet.spec.replicas ??= 1;
  setPodTemplateDefaults(replicaSet.spec.template);
}

/** What a ReplicationController leaves out, in place: its selector and labels come from the template. */
export function setReplicationControllerDefaults(controller: ReplicationController): void {
  controller.spec ??= {};
  controller.status ??= { replicas: 0 };
  const { spec } = controller;
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    controller.metadata ??= {};
    if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels };
  }
  spec.replicas ??= 1;
  setPodTemplateDefaults(spec.template);
}

/** What a DaemonSet leaves out, in place. */
export function setDaemonSetDefaults(daemonSet: DaemonSet): void {
  daemonSet.spec ??= {} as DaemonSetSpec;
  daemonSet.status ??= { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
  const { spec } = daemonSet;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
}

/** What a StatefulSet leaves out, in place. */
export function setStatefulSetDefaults(statefulSet: StatefulSet): void {
  statefulSet.spec ??= {} as StatefulSetSpec;
  statefulSet.status ??= { replicas: 0, availableReplicas: 0 };
  const { spec } = statefulSet;
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = "RollingUpdate";
    spec.updateStrategy.rollingUpdate ??= {};
  }
  if (spec.updateStrategy.type === "RollingUpdate" && spec.updateStrategy.rollingUpdate) {
    spec.updateStrategy.rollingUpdate.partition ??= 0;
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ||= "v1";
    claim.kind ||= "PersistentVolumeClaim";
    setPersistentVolumeClaimDefaults(claim);
  }
  setPodTemplateDefaults(spec.template);
}

/** What a PodTemplate leaves out, in place. */
export function setPodTemplateObjectDefaults(podTemplate: PodTemplate): void {
  podTemplate.template ??= {};
  setPodTemplateDefaults(podTemplate.template);
}
