import { replicaSetKind, replicationControllerKind, serviceKind, statefulSetKind, type LabelSelector } from "@skiff/api";
import type { InformerFactory } from "@skiff/client";
import type { LikeSelector } from "./pod-topology-spread.ts";
import { selectorOfSources } from "./spread-constraint.ts";

/** Takes the Services that select the Pod and the workload that controls it as what says which Pods are like it. */
export function createLikeSelector(informers: InformerFactory): LikeSelector {
  const services = informers.informer(serviceKind);
  const replicaSets = informers.informer(replicaSetKind);
  const statefulSets = informers.informer(statefulSetKind);
  const replicationControllers = informers.informer(replicationControllerKind);
  return ({ pod, namespace, labels }) => {
    const served = services
      .list(namespace)
      .map(({ spec }) => spec?.selector ?? {})
      .filter((selector) => {
        const wanted = Object.entries(selector);
        return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
      });
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller);
    const owners: LabelSelector[] = [];
    const key = `${namespace}/${owner?.name ?? ""}`;
    if (owner?.kind === "ReplicaSet") owners.push(replicaSets.get(key)?.spec?.selector ?? {});
    else if (owner?.kind === "StatefulSet") owners.push(statefulSets.get(key)?.spec?.selector ?? {});
    else if (owner?.kind === "ReplicationController") served.push(replicationControllers.get(key)?.spec?.selector ?? {});
    return selectorOfSources(served, owners);
  };
}
