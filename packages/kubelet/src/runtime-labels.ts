import type { Container, Pod, ResourceRequirements } from "@skiff/api";
import { fnv1a32 } from "@skiff/base";

/** Labels and annotations by which sandboxes and containers are found again after a restart; other tools (crictl) read them too. */
export const POD_NAME_LABEL = "io.kubernetes.pod.name";
export const POD_NAMESPACE_LABEL = "io.kubernetes.pod.namespace";
export const POD_UID_LABEL = "io.kubernetes.pod.uid";
export const CONTAINER_NAME_LABEL = "io.kubernetes.container.name";

const HASH = "io.kubernetes.container.hash";
const RESTART_COUNT = "io.kubernetes.container.restartCount";
const MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath";
const MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy";
const POD_GRACE_PERIOD = "io.kubernetes.pod.terminationGracePeriod";
const POD_DELETION_GRACE_PERIOD = "io.kubernetes.pod.deletionGracePeriod";
const PRE_STOP = "io.kubernetes.container.preStopHandler";
const RESOURCES = "io.kubernetes.container.resources";
const CONFIG_SOURCE = "kubernetes.io/config.source";

/** The labels of a sandbox: those of the Pod, and ours. */
export function sandboxLabels(pod: Pod): Record<string, string> {
  return { ...pod.metadata?.labels, ...podIdentityLabels(pod) };
}

/** The annotations of a sandbox: those of the Pod, and where its specification came from. */
export function sandboxAnnotations(pod: Pod): Record<string, string> {
  return { [CONFIG_SOURCE]: "api", ...pod.metadata?.annotations };
}

/** The labels of a container. */
export function containerLabels(pod: Pod, container: Pick<Container, "name">): Record<string, string> {
  return { ...podIdentityLabels(pod), [CONTAINER_NAME_LABEL]: container.name };
}

/** The annotations of a container: what is needed to judge and to end it when the Pod object is gone. */
export function containerAnnotations(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  const annotations: Record<string, string> = {
    [HASH]: containerHash(container),
    [RESTART_COUNT]: String(restartCount),
    [RESOURCES]: JSON.stringify(container.resources ?? {}),
    [MESSAGE_PATH]: container.terminationMessagePath ?? "/dev/termination-log",
    [MESSAGE_POLICY]: container.terminationMessagePolicy ?? "File",
  };
  const { terminationGracePeriodSeconds } = pod.spec ?? {};
  if (terminationGracePeriodSeconds !== undefined) annotations[POD_GRACE_PERIOD] = String(terminationGracePeriodSeconds);
  const { deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionGracePeriodSeconds !== undefined) annotations[POD_DELETION_GRACE_PERIOD] = String(deletionGracePeriodSeconds);
  if (container.lifecycle?.preStop !== undefined) annotations[PRE_STOP] = JSON.stringify(container.lifecycle.preStop);
  return annotations;
}

/** What the annotations of a container say. */
export interface ContainerRecord {
  readonly hash: string;
  readonly restartCount: number;
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: string;
  readonly terminationGracePeriodSeconds?: number;
  /** What it was created with; undefined for containers of other makers. */
  readonly resources?: ResourceRequirements;
}

/** Reads {@link containerAnnotations} back. Containers of other makers, without them, get the defaults. */
export function readContainerRecord(annotations: Readonly<Record<string, string>>): ContainerRecord {
  const grace = Number(annotations[POD_GRACE_PERIOD]);
  return {
    hash: annotations[HASH] ?? "",
    restartCount: Number(annotations[RESTART_COUNT] ?? "0") || 0,
    terminationMessagePath: annotations[MESSAGE_PATH] ?? "",
    terminationMessagePolicy: annotations[MESSAGE_POLICY] ?? "File",
    ...(annotations[POD_GRACE_PERIOD] !== undefined && Number.isFinite(grace) ? { terminationGracePeriodSeconds: grace } : {}),
    ...(annotations[RESOURCES] === undefined ? {} : { resources: readResources(annotations[RESOURCES]) }),
  };
}

function readResources(text: string): ResourceRequirements | undefined {
  try {
    return JSON.parse(text) as ResourceRequirements;
  } catch {
    // Someone else wrote it; then nothing is known of the container's resources.
    return undefined;
  }
}

/**
 * Tells whether a running container still is what its Pod asks for. Only what cannot change without a restart is in it:
 * name and image.
 */
export function containerHash(container: Pick<Container, "name" | "image">): string {
  return fnv1a32(JSON.stringify({ name: container.name, image: container.image ?? "" })).toString(16);
}

function podIdentityLabels(pod: Pod): Record<string, string> {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  return { [POD_NAME_LABEL]: name, [POD_NAMESPACE_LABEL]: namespace, [POD_UID_LABEL]: uid };
}
