import { nodeKind, podKind, type Container, type Node, type Pod } from "@skiff/api";
import type { EventRecorder, EventType } from "@skiff/client";

/** Events about Pods, their containers, and the node. */
export interface PodEvents {
  pod(pod: Pod, type: EventType, reason: string, message: string): void;
  /** About one container of the Pod: the event names it by field path. */
  container(pod: Pod, container: Pick<Container, "name">, type: EventType, reason: string, message: string): void;
  node(node: Node, type: EventType, reason: string, message: string): void;
}

/** Writes events by way of the API. */
export function recordedEvents(recorder: Pick<EventRecorder, "event">): PodEvents {
  return {
    pod: (pod, type, reason, message) => recorder.event(podKind, pod, type, reason, message),
    container: (pod, container, type, reason, message) =>
      recorder.event(podKind, pod, type, reason, message, containerFieldPath(pod, container.name)),
    node: (node, type, reason, message) => recorder.event(nodeKind, node, type, reason, message),
  };
}

/** `spec.initContainers{name}`: how events name a container. */
function containerFieldPath(pod: Pod, name: string): string {
  const has = (list: readonly { name: string }[] | undefined): boolean => list?.some((container) => container.name === name) === true;
  if (has(pod.spec?.initContainers)) return `spec.initContainers{${name}}`;
  return has(pod.spec?.ephemeralContainers) ? `spec.ephemeralContainers{${name}}` : `spec.containers{${name}}`;
}
