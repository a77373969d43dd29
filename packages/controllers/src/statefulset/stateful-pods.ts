import {
  statefulSetKind,
  type ControllerRevision,
  type PersistentVolumeClaim,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
  type Volume,
} from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { podFromTemplate } from "../pods/pod-from-template.ts";
import { REVISION_HASH_LABEL } from "../revisions/controller-revisions.ts";

const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata?.name}-${ordinal}`;
}

/** The ordinal of a Pod of the set by its name; `undefined` for Pods that cannot be of the set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata?.name}-`;
  const name = pod.metadata?.name ?? "";
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^(0|[1-9]\d{0,9})$/.test(rest) ? Number(rest) : undefined;
}

/** The name of the revision that a Pod was made from. */
export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata?.labels?.[REVISION_HASH_LABEL];
}

function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata?.name}-${podName(set, ordinal)}`;
}

/** The claims of one ordinal, as they are to be created. They outlive their Pod and come back with it. */
export function claimsOf(set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata?.namespace,
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
      ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
    },
    spec: template.spec,
  }));
}

/** The Pod of an ordinal, made from a revision of the template. */
export function statefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const { name = "", namespace = "" } = set.metadata ?? {};
  const template = templateOf(revision) ?? set.spec?.template ?? {};
  const { metadata, spec, ...pod } = podFromTemplate(template, { name, namespace }, controllerRefTo(statefulSetKind, set));
  const { generateName: _unused, ...rest } = metadata ?? {};
  const own = podName(set, ordinal);
  const labels = {
    ...rest.labels,
    [POD_NAME_LABEL]: own,
    [POD_INDEX_LABEL]: String(ordinal),
    [REVISION_HASH_LABEL]: revision.metadata?.name ?? "",
  };
  const { serviceName } = set.spec ?? {};
  return {
    ...pod,
    metadata: { ...rest, name: own, labels },
    spec: spec && {
      ...spec,
      hostname: own,
      ...(serviceName ? { subdomain: serviceName } : {}),
      volumes: [...volumesOf(set, ordinal, spec.volumes)],
    },
  };
}

/** Volumes of the claim templates take the place of others of their names. */
function volumesOf(set: StatefulSet, ordinal: number, volumes: readonly Volume[] = []): readonly Volume[] {
  const claimed = (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata?.name ?? "",
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  return [...claimed, ...volumes.filter(({ name }) => !claimed.some((claim) => claim.name === name))];
}

function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const { template } = ((revision.data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } }).spec ?? {};
  if (template === undefined) return undefined;
  const { $patch: _patch, ...rest } = template;
  return rest;
}
