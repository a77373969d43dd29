import { isStatus, type KubeObject, type Resource } from "@skiff/api";
import type { Client } from "@skiff/client";
import { controllerRefTo, type ControlledObjects } from "./controller-ref.ts";

/** What an owner has, and what should change about that. */
export interface Claims<T> {
  /** Managed by the owner and picked by its selector. */
  readonly owned: readonly T[];
  /** Picked by the selector and managed by nobody: to be adopted. */
  readonly adopt: readonly T[];
  /** Managed by the owner and no longer picked: to be released. */
  readonly release: readonly T[];
}

/**
 * Which objects belong to `owner`. An owner that is being deleted neither adopts nor releases, and objects that are being
 * deleted are not adopted.
 */
export function planClaims<T extends KubeObject>(
  owner: KubeObject,
  matches: (labels: Readonly<Record<string, string>>) => boolean,
  objects: ControlledObjects<T>,
): Claims<T> {
  const { uid = "", namespace = "", deletionTimestamp } = owner.metadata ?? {};
  const picked = (object: T): boolean => matches(object.metadata?.labels ?? {});
  const controlled = objects.of(uid);
  const owned = controlled.filter(picked);
  if (deletionTimestamp !== undefined) return { owned, adopt: [], release: [] };
  return {
    owned,
    adopt: objects.orphans(namespace).filter((object) => object.metadata?.deletionTimestamp === undefined && picked(object)),
    release: owned.length === controlled.length ? [] : controlled.filter((object) => !picked(object)),
  };
}

/** Whose claims are carried out, and over what. */
interface Claimer<Owner extends KubeObject, T extends KubeObject> {
  readonly client: Client;
  readonly ownerResource: Resource<Owner>;
  readonly owner: Owner;
  readonly resource: Resource<T>;
}

/**
 * Adopts and releases. Answers the adopted objects as stored.
 *
 * Before the first adoption the owner is read from the server: a cached owner may have been deleted meanwhile, and its
 * successor of the same name must not get orphans in its place. Errors: rejects when the owner is gone or being deleted.
 */
export async function performClaims<Owner extends KubeObject, T extends KubeObject>(
  claims: Pick<Claims<T>, "adopt" | "release">,
  claimer: Claimer<Owner, T>,
): Promise<readonly T[]> {
  if (claims.adopt.length > 0) await checkMayAdopt(claimer);
  const adopted: T[] = [];
  for (const object of claims.adopt) {
    const changed = await adopt(object, claimer);
    if (changed !== undefined) adopted.push(changed);
  }
  for (const object of claims.release) await release(object, claimer);
  return adopted;
}

async function checkMayAdopt<Owner extends KubeObject, T extends KubeObject>(claimer: Claimer<Owner, T>): Promise<void> {
  const { namespace, name = "", uid } = claimer.owner.metadata ?? {};
  const fresh = await claimer.client.resource(claimer.ownerResource).get({ namespace, name });
  if (fresh.metadata?.uid !== uid)
    throw new Error(`${claimer.ownerResource.kind} ${namespace}/${name} was replaced by another of its name`);
  if (fresh.metadata?.deletionTimestamp !== undefined) {
    throw new Error(`${claimer.ownerResource.kind} ${namespace}/${name} is being deleted and adopts nothing`);
  }
}

async function adopt<Owner extends KubeObject, T extends KubeObject>(object: T, claimer: Claimer<Owner, T>): Promise<T | undefined> {
  const { namespace, name = "", uid } = object.metadata ?? {};
  const patch = { metadata: { uid, ownerReferences: [controllerRefTo(claimer.ownerResource, claimer.owner)] } };
  try {
    return await claimer.client.resource(claimer.resource).patch({ namespace, name }, patch, { type: "strategic" });
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

async function release<Owner extends KubeObject, T extends KubeObject>(object: T, claimer: Claimer<Owner, T>): Promise<void> {
  const { namespace, name = "", uid } = object.metadata ?? {};
  const patch = { metadata: { uid, ownerReferences: [{ $patch: "delete", uid: claimer.owner.metadata?.uid }] } };
  try {
    await claimer.client.resource(claimer.resource).patch({ namespace, name }, patch, { type: "strategic" });
  } catch (error) {
    // Gone, or it has no such owner any more (then the patch is invalid): either way there is nothing left to release.
    if (!isStatus(error, "NotFound", "Invalid")) throw error;
  }
}
