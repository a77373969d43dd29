import { hostUid, nameSuffix, timestamp, type Host } from "@skiff/base";
import { jsonEquals, type KindDefinition, type KubeObject, type ObjectMeta } from "@skiff/api";

/** Longer prefixes of generated names are cut, so that the suffix fits. */
const MAX_GENERATED_PREFIX = 63 - 5;

/** Names, identifies and dates a new object, and takes away what clients may not set. */
export function prepareCreate(host: Host, kind: KindDefinition, object: KubeObject): void {
  const metadata = (object.metadata ??= {});
  delete metadata.resourceVersion;
  delete metadata.selfLink;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  if (!metadata.name && metadata.generateName)
    metadata.name = metadata.generateName.slice(0, MAX_GENERATED_PREFIX) + nameSuffix(host.random);
  metadata.uid = hostUid(host);
  metadata.creationTimestamp = timestamp(host.clock);
  if (kind.generation) metadata.generation = 1;
  else delete metadata.generation;
  dropEmpty(metadata);
}

/** Fills in what an update leaves out because it cannot change. What it changes nevertheless, validation finds. */
export function prepareUpdate(object: KubeObject, old: KubeObject): void {
  const metadata = (object.metadata ??= {});
  const before: ObjectMeta = old.metadata ?? {};
  delete metadata.selfLink;
  delete metadata.resourceVersion;
  metadata.uid ??= before.uid;
  metadata.creationTimestamp ??= before.creationTimestamp;
  // A deletion that has begun cannot be taken back.
  metadata.deletionTimestamp = before.deletionTimestamp ?? metadata.deletionTimestamp;
  metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  for (const field of ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    if (metadata[field] === undefined) delete metadata[field];
  }
  if (before.generation === undefined) delete metadata.generation;
  else metadata.generation = before.generation;
  dropEmpty(metadata);
}

/**
 * Drops owner references that stand in the list twice, which older clients send. Answers the warning about it, in upstream's
 * words, or `undefined`. `after` says when it was found.
 */
export function dropDuplicateOwners(object: KubeObject, after = ""): string | undefined {
  const owners = object.metadata?.ownerReferences;
  if (owners === undefined || owners.length < 2) return undefined;
  const kept = new Map(owners.map((owner) => [JSON.stringify(owner), owner]));
  if (kept.size === owners.length || object.metadata === undefined) return undefined;
  const seen = new Set<string>();
  const repeated = new Set(owners.map((owner) => JSON.stringify(owner)).filter((text) => seen.size === seen.add(text).size));
  const uids = [...repeated].map((text) => kept.get(text)?.uid ?? "");
  object.metadata.ownerReferences = [...kept.values()];
  return (
    `.metadata.ownerReferences contains duplicate entries${after}; API server dedups owner references in 1.20+, and may reject such ` +
    `requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(", ")}`
  );
}

/** In metadata, an empty list or map and an absent one are the same; upstream stores and shows the latter. */
function dropEmpty(metadata: ObjectMeta): void {
  for (const field of ["labels", "annotations", "ownerReferences", "finalizers"] as const) {
    const value = metadata[field];
    if (value !== undefined && Object.keys(value ?? {}).length === 0) delete metadata[field];
  }
}

/** Raises the generation when anything outside metadata, and status where that is written on its own, has changed. */
export function raiseGeneration(kind: KindDefinition, object: KubeObject, old: KubeObject): void {
  if (!kind.generation || object.metadata === undefined) return;
  const fields = desiredFields(object, old);
  if (!kind.statusSubresource) fields.push("status");
  const changed = fields.some((field) => !jsonEquals(fieldOf(object, field), fieldOf(old, field)));
  object.metadata.generation = (old.metadata?.generation ?? 0) + (changed ? 1 : 0);
}

/**
 * Keeps `status` as it is: what a write to the object itself does when there is a status subresource. `take` copies it
 * where defaults and admission may still change what is kept, or shares it.
 */
export function keepStatus(object: KubeObject, old: KubeObject, take: (part: unknown) => unknown): void {
  setField(object, "status", take(fieldOf(old, "status")));
}

/** Keeps everything but `status` and metadata, as {@link keepStatus} does: what a write to the status subresource does. */
export function keepAllButStatus(object: KubeObject, old: KubeObject, take: (part: unknown) => unknown): void {
  for (const field of desiredFields(object, old)) setField(object, field, take(fieldOf(old, field)));
}

function desiredFields(object: KubeObject, old: KubeObject): string[] {
  const fields = new Set([...Object.keys(object), ...Object.keys(old)]);
  for (const field of ["metadata", "status", "kind", "apiVersion"]) fields.delete(field);
  return [...fields];
}

function fieldOf(object: KubeObject, field: string): unknown {
  return Object.hasOwn(object, field) ? (object as Readonly<Record<string, unknown>>)[field] : undefined;
}

function setField(object: KubeObject, field: string, value: unknown): void {
  if (value === undefined) delete (object as Record<string, unknown>)[field];
  else (object as Record<string, unknown>)[field] = value;
}
