import { podKind, statefulSetKind, type OwnerReference, type PersistentVolumeClaim, type Pod, type StatefulSet } from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { sameJson } from "../same-json.ts";

/**
 * The owners of a claim by the set's retention policy (KEP-1847): with `whenDeleted: Delete` the set, with `whenScaled: Delete` the Pod once it
 * is beyond the wanted ordinals; the garbage collector does the rest. `undefined` when they are right.
 */
export function claimOwners(
  set: StatefulSet,
  claim: PersistentVolumeClaim,
  pod: Pod | undefined,
  isWanted: boolean,
): readonly OwnerReference[] | undefined {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  const present = claim.metadata?.ownerReferences ?? [];
  const ours = (reference: OwnerReference): boolean =>
    reference.uid === set.metadata?.uid || (reference.kind === "Pod" && reference.name === pod?.metadata?.name);
  const owners = present.filter((reference) => !ours(reference));
  // A claim that others own is not for us to give away.
  if (owners.length > 0) return undefined;
  if (!isWanted && whenScaled === "Delete" && pod !== undefined) {
    const { controller: _no, ...reference } = controllerRefTo(podKind, pod);
    owners.push({ ...reference, blockOwnerDeletion: false });
  } else if (whenDeleted === "Delete") owners.push(controllerRefTo(statefulSetKind, set));
  return sameJson(owners, present) ? undefined : owners;
}
