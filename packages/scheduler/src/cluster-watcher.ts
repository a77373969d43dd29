import {
  csiNodeKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  semanticEqual,
  storageClassKind,
  type KubeObject,
  type Node,
  type Pod,
  type Resource,
} from "@skiff/api";
import type { InformerChange, InformerFactory } from "@skiff/client";
import type { ClusterEvent } from "./framework/cluster-event.ts";
import type { ClusterState } from "./state/cluster-state.ts";
import { PodInfo } from "./state/pod-info.ts";

/** What the scheduler does about changes that a {@link watchCluster} reports. */
interface ClusterListener {
  /** A Pod without a node is new or has changed. */
  podWaits(pod: PodInfo): void;
  /** A Pod needs no node any more: it has one, has ended, or is gone. */
  podLeaves(uid: string): void;
  /** The state has changed already. */
  clusterChanged(event: ClusterEvent): void;
}

const OTHER_KINDS = [
  { resource: persistentVolumeClaimKind as Resource, name: "PersistentVolumeClaim" },
  { resource: persistentVolumeKind as Resource, name: "PersistentVolume" },
  { resource: storageClassKind as Resource, name: "StorageClass" },
  { resource: csiNodeKind as Resource, name: "CSINode" },
  { resource: namespaceKind as Resource, name: "Namespace" },
] as const;

/** Resolves when everything that {@link watchCluster} reads has its first list. */
export async function clusterSynced(informers: InformerFactory, signal: AbortSignal): Promise<void> {
  const resources: readonly Resource[] = [nodeKind as Resource, podKind as Resource, ...OTHER_KINDS.map(({ resource }) => resource)];
  await Promise.all(resources.map((resource) => informers.informer<KubeObject>(resource).synced(signal)));
}

const ACTIONS = { added: "add", updated: "update", deleted: "delete" } as const;

const hasEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

/** Keeps `state` up to date with the API and tells `listener` what changed. Answers how to stop. */
export function watchCluster(informers: InformerFactory, state: ClusterState, listener: ClusterListener): () => void {
  const stops = [
    informers.informer(nodeKind).onChange((change) => onNode(change, state, listener)),
    informers.informer(podKind).onChange((change) => onPod(change, state, listener)),
    ...OTHER_KINDS.map(({ resource, name }) =>
      informers.informer<KubeObject>(resource).onChange(({ type, object, previous }) => {
        listener.clusterChanged({ resource: name, action: ACTIONS[type], object, previous });
      }),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The parts of a node that plug-ins look at; heartbeats change none of them. */
function schedulingProperties({ metadata, spec, status }: Node): unknown {
  const conditions = status?.conditions?.map(({ type, status }) => [type, status]);
  return [metadata?.labels, spec?.taints, spec?.unschedulable ?? false, status?.allocatable, conditions];
}

function onNode({ type, object, previous }: InformerChange<Node>, state: ClusterState, listener: ClusterListener): void {
  if (type === "deleted") state.removeNode(object.metadata?.name ?? "");
  else state.setNode(object);
  if (previous !== undefined && semanticEqual(schedulingProperties(previous), schedulingProperties(object))) return;
  listener.clusterChanged({ resource: "Node", action: ACTIONS[type], object, previous });
}

function onPod({ type, object, previous }: InformerChange<Pod>, state: ClusterState, listener: ClusterListener): void {
  const uid = object.metadata?.uid ?? "";
  const wasOnNode = previous !== undefined && Boolean(previous.spec?.nodeName) && !hasEnded(previous);
  if (type === "deleted" || hasEnded(object)) {
    const hadPlace = type === "deleted" ? Boolean(object.spec?.nodeName) && !hasEnded(object) : wasOnNode;
    const wasAssumed = state.isAssumed(uid);
    state.removePod(uid);
    listener.podLeaves(uid);
    if (hadPlace || wasAssumed) listener.clusterChanged({ resource: "AssignedPod", action: "delete", object });
    return;
  }
  const pod = new PodInfo(object);
  if (!object.spec?.nodeName) return listener.podWaits(pod);
  state.setPod(pod);
  listener.podLeaves(uid);
  if (!wasOnNode) listener.clusterChanged({ resource: "AssignedPod", action: "add", object });
  else if (matters(previous, object)) listener.clusterChanged({ resource: "AssignedPod", action: "update", object, previous });
}

/** Whether an update of a Pod on a node may make room or satisfy an affinity. Most are of the status alone. */
function matters(previous: Pod, { metadata, status }: Pod): boolean {
  const before = previous.metadata;
  return (
    before?.generation !== metadata?.generation ||
    before?.deletionTimestamp !== metadata?.deletionTimestamp ||
    !semanticEqual(before?.labels, metadata?.labels) ||
    !semanticEqual(
      previous.status?.containerStatuses?.map(({ allocatedResources }) => allocatedResources),
      status?.containerStatuses?.map(({ allocatedResources }) => allocatedResources),
    )
  );
}
