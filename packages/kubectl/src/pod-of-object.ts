import {
  isConditionTrue,
  selectorFromLabels,
  selectorFromLabelSelector,
  type JsonObject,
  type KubeList,
  type KubeObject,
  type LabelSelector,
  type Pod,
} from "@skiff/api";
import { KubectlError } from "./kubectl-error.ts";
import { parseOneObject } from "./resource-arguments.ts";
import { quotedName, type SelectedObject } from "./selected-objects.ts";
import type { Session } from "./session.ts";

/** The label that names the container which commands take when none is given. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** The Pods that belong to an object: itself, or those that its selector picks; ready ones first, those longest so before others, then older ones. */
export async function podsOf(session: Session, { resource, namespace, object, name }: SelectedObject): Promise<readonly Pod[]> {
  if (resource.kind === "Pod" && resource.group === "") return [object as Pod];
  const spec = object.spec as { selector?: LabelSelector & Record<string, string> } | undefined;
  if (spec?.selector === undefined) throw new KubectlError(`cannot get the pods of ${quotedName({ resource, name })}: selector is not set`);
  const isPlain = resource.kind === "Service" || resource.kind === "ReplicationController";
  const labelSelector = (isPlain ? selectorFromLabels(spec.selector) : selectorFromLabelSelector(spec.selector)).toString();
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const { items } = (await session.request(pods, { namespace }, { query: { labelSelector } })) as KubeList<Pod>;
  const age = (pod: Pod): string => `${readySince(pod)} ${pod.metadata?.creationTimestamp ?? ""}`;
  return [...items].sort((a, b) => rank(a) - rank(b) || age(a).localeCompare(age(b)));
}

function readySince({ status }: Pod): string {
  return status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
}

function rank({ spec, status }: Pod): number {
  const unassigned = spec?.nodeName ? 0 : 4;
  const phase = status?.phase === "Running" ? 0 : status?.phase === "Pending" ? 2 : 3;
  const ready = isConditionTrue(status?.conditions, "Ready") ? 0 : 1;
  return unassigned + phase + ready;
}

/** The one Pod that `exec`, `port-forward` and the like take for `pod`, `deploy/x` or `svc/x`. */
export async function podForWords(
  session: Session,
  words: readonly string[],
  command: string,
): Promise<{ readonly pod: Pod; readonly selected: SelectedObject }> {
  const mapper = await session.mapper();
  const { resource, name } = await parseOneObject(mapper, words, command, "pods");
  const namespace = resource.namespaced ? await session.namespace() : undefined;
  const object: KubeObject & JsonObject = await session.get(resource, namespace, name);
  const selected: SelectedObject = { resource, namespace, name, object };
  const [pod] = await podsOf(session, selected);
  if (pod === undefined) throw new KubectlError(`no pods found for ${resource.plural}/${name}`);
  return { pod, selected };
}

/**
 * The container that a command is about: the one of `-c`, the one of the annotation, or the first, with a note on
 * standard error when there was a choice. Errors: {@link KubectlError} when there is none of that name.
 */
export function containerFor(session: Session, pod: Pod, wanted: string, quiet = false): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const name = pod.metadata?.name ?? "";
  const all = [...containers, ...initContainers, ...ephemeralContainers].map((container) => container.name);
  const choices = [
    ...containers.map((one) => one.name),
    ...initContainers.map((one) => `${one.name} (init)`),
    ...ephemeralContainers.map((one) => `${one.name} (ephem)`),
  ];
  if (wanted !== "") {
    if (!all.includes(wanted)) throw new KubectlError(`container ${wanted} is not valid for pod ${name} out of: ${choices.join(", ")}`);
    return wanted;
  }
  const preferred = pod.metadata?.annotations?.[DEFAULT_CONTAINER];
  if (preferred !== undefined && all.includes(preferred)) return preferred;
  const [first] = containers;
  if (first === undefined) throw new KubectlError(`no container found in pod ${name}`);
  if (all.length > 1 && !quiet) session.warn(`Defaulted container "${first.name}" out of: ${choices.join(", ")}`);
  return first.name;
}
