import { fnv1a32, safeEncode } from "@skiff/base";
import { deploymentKind, semanticEqual, type Deployment, type PodTemplateSpec, type ReplicaSet } from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { canonicalJson } from "../canonical-json.ts";
import { sameJson } from "../same-json.ts";

/** On Deployments and ReplicaSets: which roll-out this is. `kubectl rollout undo` reads it. */
export const REVISION = "deployment.kubernetes.io/revision";
/** Which roll-outs a ReplicaSet was before it was rolled back to. */
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
/** `spec.replicas` of the Deployment when the ReplicaSet was last scaled: how a change of scale is noticed. */
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
/** The same plus the surge: the base of proportional scaling. */
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";
/** The label that keeps the Pods of the ReplicaSets of one Deployment apart. */
const POD_TEMPLATE_HASH = "pod-template-hash";

const NOT_COPIED = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
]);
const HISTORY_LIMIT_LETTERS = 2000;

/** The revision of a ReplicaSet, 0 when it has none. An adopted ReplicaSet may have any number of 64 bits. */
export function revisionOf(replicaSet: ReplicaSet): bigint {
  const text = replicaSet.metadata?.annotations?.[REVISION] ?? "";
  const revision = /^-?\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  return revision === BigInt.asIntN(64, revision) ? revision : 0n;
}

/** The revision that comes after all of these. */
export function revisionAfter(replicaSets: readonly ReplicaSet[]): bigint {
  const newest = replicaSets.map(revisionOf).reduce((a, b) => (a > b ? a : b), 0n);
  return BigInt.asIntN(64, newest + 1n);
}

/** Oldest first; by name when they are of the same second. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a.metadata ?? {}, b.metadata ?? {}];
  if (left.creationTimestamp !== right.creationTimestamp) return (left.creationTimestamp ?? "") < (right.creationTimestamp ?? "") ? -1 : 1;
  return (left.name ?? "") < (right.name ?? "") ? -1 : 1;
}

/** The ReplicaSet of the Deployment's present template: the oldest, should there be several. */
export function findNewReplicaSet(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...replicaSets].sort(byAge).find((replicaSet) => sameTemplate(replicaSet.spec?.template, deployment.spec?.template));
}

/** Equal templates make equal Pods: the hash label does not count, and an empty map is the same as none. */
function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticEqual(comparableMetadata(a), comparableMetadata(b)) && semanticEqual(a?.spec, b?.spec);
}

function comparableMetadata(template: PodTemplateSpec | undefined): unknown {
  const { labels = {}, annotations = {}, finalizers = [] } = template?.metadata ?? {};
  return { labels: { ...labels, [POD_TEMPLATE_HASH]: undefined }, annotations, finalizers };
}

/** The hash of the Deployment's template; a collision, counted in the status, gives another one. */
function podTemplateHash(deployment: Deployment): string {
  const collisions = deployment.status?.collisionCount;
  return safeEncode(String(fnv1a32(canonicalJson(deployment.spec?.template) + (collisions === undefined ? "" : `#${collisions}`))));
}

/** The annotations of scale that a ReplicaSet must have. */
export function scaleAnnotations(desired: number, max: number): Record<string, string> {
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(max) };
}

/** The ReplicaSet for a template that has none yet. */
export function newReplicaSet(deployment: Deployment, revision: bigint, replicas: number, max: number): ReplicaSet {
  const { name = "", namespace } = deployment.metadata ?? {};
  const { template, selector, minReadySeconds, replicas: desired = 1 } = deployment.spec ?? {};
  const hash = podTemplateHash(deployment);
  const labels = { ...template?.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: { ...copiedAnnotations(deployment), [REVISION]: String(revision), ...scaleAnnotations(desired, max) },
      ownerReferences: [controllerRefTo(deploymentKind, deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [POD_TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

function copiedAnnotations(deployment: Deployment): Record<string, string> {
  return Object.fromEntries(Object.entries(deployment.metadata?.annotations ?? {}).filter(([name]) => !NOT_COPIED.has(name)));
}

/**
 * The ReplicaSet of the present template brought up to date: the Deployment's annotations, the newest revision (it may be one that was
 * rolled back to) and `minReadySeconds`. The same object when nothing changes.
 */
export function refreshedReplicaSet(deployment: Deployment, replicaSet: ReplicaSet, revision: bigint): ReplicaSet {
  const before = replicaSet.metadata?.annotations ?? {};
  const annotations = { ...before, ...copiedAnnotations(deployment) };
  const had = before[REVISION];
  if (revisionOf(replicaSet) < revision) {
    annotations[REVISION] = String(revision);
    if (had !== undefined) annotations[REVISION_HISTORY] = extendedHistory(before[REVISION_HISTORY], had);
  }
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  if (sameJson(annotations, before) && minReadySeconds === (replicaSet.spec?.minReadySeconds ?? 0)) return replicaSet;
  return {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: replicaSet.spec && { ...replicaSet.spec, minReadySeconds },
  };
}

function extendedHistory(history: string | undefined, revision: string): string {
  const revisions = history ? history.split(",") : [];
  revisions.push(revision);
  while (revisions.length > 1 && revisions.join(",").length > HISTORY_LIMIT_LETTERS) revisions.shift();
  return revisions.join(",");
}
