import type { DaemonSet, Deployment, KubeObject, StatefulSet } from "@skiff/api";
import { KubectlError } from "./kubectl-error.ts";

/** How far a rollout has come, in kubectl's words. */
interface RolloutStatus {
  readonly message: string;
  readonly done: boolean;
}

/** Errors: {@link KubectlError} when the rollout has failed, or the kind has none. */
export function rolloutStatus(kind: string, object: KubeObject, revision = 0): RolloutStatus {
  if (kind === "Deployment") return deploymentStatus(object as Deployment, revision);
  if (kind === "DaemonSet") return daemonSetStatus(object as DaemonSet);
  if (kind === "StatefulSet") return statefulSetStatus(object as StatefulSet);
  throw new KubectlError(`no status viewer has been implemented for ${kind}`);
}

function deploymentStatus({ metadata = {}, spec, status = {} }: Deployment, revision: number): RolloutStatus {
  const name = metadata.name ?? "";
  const current = Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
  if (revision > 0 && revision !== current)
    throw new KubectlError(`desired revision (${revision}) is different from the running revision (${current})`);
  if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0))
    return { message: "Waiting for deployment spec update to be observed...", done: false };
  if (status.conditions?.find(({ type }) => type === "Progressing")?.reason === "ProgressDeadlineExceeded") {
    throw new KubectlError(`deployment "${name}" exceeded its progress deadline`);
  }
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const wait = (text: string): RolloutStatus => ({
    message: `Waiting for deployment "${name}" rollout to finish: ${text}...`,
    done: false,
  });
  if (spec?.replicas !== undefined && updatedReplicas < spec.replicas)
    return wait(`${updatedReplicas} out of ${spec.replicas} new replicas have been updated`);
  if (replicas > updatedReplicas) return wait(`${replicas - updatedReplicas} old replicas are pending termination`);
  if (availableReplicas < updatedReplicas) return wait(`${availableReplicas} of ${updatedReplicas} updated replicas are available`);
  return { message: `deployment "${name}" successfully rolled out`, done: true };
}

function daemonSetStatus({ metadata = {}, spec, status }: DaemonSet): RolloutStatus {
  const name = metadata.name ?? "";
  if (spec?.updateStrategy?.type !== "RollingUpdate")
    throw new KubectlError("rollout status is only available for RollingUpdate strategy type");
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0))
    return { message: "Waiting for daemon set spec update to be observed...", done: false };
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  const wait = (text: string): RolloutStatus => ({
    message: `Waiting for daemon set "${name}" rollout to finish: ${text}...`,
    done: false,
  });
  if (updatedNumberScheduled < desiredNumberScheduled)
    return wait(`${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated`);
  if (numberAvailable < desiredNumberScheduled) return wait(`${numberAvailable} of ${desiredNumberScheduled} updated pods are available`);
  return { message: `daemon set "${name}" successfully rolled out`, done: true };
}

function statefulSetStatus({ metadata = {}, spec, status }: StatefulSet): RolloutStatus {
  if (spec?.updateStrategy?.type !== "RollingUpdate")
    throw new KubectlError("rollout status is only available for RollingUpdate strategy type");
  if (!status?.observedGeneration || (metadata.generation ?? 0) > status.observedGeneration)
    return { message: "Waiting for statefulset spec update to be observed...", done: false };
  const wanted = spec.replicas ?? 1;
  const { readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision = "" } = status;
  if (readyReplicas < wanted) return { message: `Waiting for ${wanted - readyReplicas} pods to be ready...`, done: false };
  const partition = spec.updateStrategy.rollingUpdate?.partition;
  if (partition !== undefined && partition > 0) {
    if (updatedReplicas < wanted - partition)
      return {
        message: `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${wanted - partition} new pods have been updated...`,
        done: false,
      };
    return { message: `partitioned roll out complete: ${updatedReplicas} new pods have been updated...`, done: true };
  }
  if (updateRevision !== currentRevision)
    return {
      message: `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`,
      done: false,
    };
  return {
    message: `statefulset rolling update complete ${status.currentReplicas ?? 0} pods at revision ${currentRevision}...`,
    done: true,
  };
}
