import type {
  CronJob,
  DaemonSet,
  Deployment,
  Endpoints,
  Ingress,
  Job,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  StorageClass,
} from "../generated/types.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { CLASS_ANNOTATION } from "../storage/claim-binding.ts";
import { hostnameWarning, oldLabelWarning, templateWarnings } from "./pod-warnings.ts";

const POD_NAMES = "Pod names and hostnames";

type Templated = Deployment | ReplicaSet | StatefulSet | DaemonSet | ReplicationController | Job;

/** Warnings for everything that makes Pods from `spec.template`. */
export function workloadWarnings(object: Templated, old: Templated | undefined): string[] {
  const name = old === undefined ? hostnameWarning(object.metadata?.name, POD_NAMES) : [];
  const unchanged = old !== undefined && semanticEqual(object.spec?.template, old.spec?.template);
  return unchanged ? name : [...name, ...templateWarnings(object.spec?.template, "spec.template")];
}

/** As above, for the Jobs of a CronJob. */
export function cronJobWarnings(cronJob: CronJob, old: CronJob | undefined): string[] {
  const name = old === undefined ? hostnameWarning(cronJob.metadata?.name, POD_NAMES) : [];
  const template = cronJob.spec?.jobTemplate?.spec?.template;
  const unchanged = old !== undefined && semanticEqual(template, old.spec?.jobTemplate?.spec?.template);
  return unchanged ? name : [...name, ...templateWarnings(template, "spec.jobTemplate.spec.template")];
}

/** Endpoints have given way to EndpointSlices. */
export function endpointsWarnings(_endpoints: Endpoints): string[] {
  return ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"];
}

/** The class of an Ingress has a field of its own. */
export function ingressWarnings(ingress: Ingress, old: Ingress | undefined): string[] {
  const key = "kubernetes.io/ingress.class";
  if (old !== undefined || ingress.metadata?.annotations?.[key] === undefined) return [];
  return [`annotation "${key}" is deprecated, please use 'spec.ingressClassName' instead`];
}

function classAnnotation(annotations: Readonly<Record<string, string>> | undefined): string[] {
  if (annotations?.[CLASS_ANNOTATION] === undefined) return [];
  return [`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`];
}

/** Old ways to recycle volumes and to name their class. */
export function persistentVolumeWarnings(volume: PersistentVolume): string[] {
  const warnings = classAnnotation(volume.metadata?.annotations);
  if (volume.spec?.persistentVolumeReclaimPolicy === "Recycle") {
    const advice = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";
    warnings.push(`spec.persistentVolumeReclaimPolicy: ${advice}`);
  }
  return warnings;
}

/** The old way to name the class of a claim. */
export function persistentVolumeClaimWarnings(claim: PersistentVolumeClaim): string[] {
  return classAnnotation(claim.metadata?.annotations);
}

/** Old names of labels in topologies. */
export function storageClassWarnings(storageClass: StorageClass): string[] {
  return (storageClass.allowedTopologies ?? []).flatMap((term, index) =>
    (term.matchLabelExpressions ?? []).flatMap(({ key }, at) =>
      oldLabelWarning(`allowedTopologies[${index}].matchLabelExpressions[${at}].key`, key),
    ),
  );
}

/** Fields of nodes that nothing reads any more. */
export function nodeWarnings(node: Node): string[] {
  const warnings: string[] = [];
  if (node.spec?.configSource) warnings.push("spec.configSource: the feature is no longer supported and will not be honored");
  if (node.spec?.externalID) warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes");
  return warnings;
}
