import { podKind, type PersistentVolumeClaim, type Pod } from "@skiff/api";
import { controllerOf, controllerRefTo } from "@skiff/controller-kit";
import { isPodFinished } from "../pods/pod-state.ts";

/** What to do about the generic ephemeral volumes of a Pod (KEP-1698). */
export interface EphemeralVolumesPlan {
  readonly create: readonly PersistentVolumeClaim[];
  /** Claims that have the name of one of the Pod's and are not its own, in upstream's words. */
  readonly conflicts: readonly string[];
}

/** The claims that a Pod lacks; `claimOf` answers the claim of its namespace with that name. */
export function planEphemeralVolumes(pod: Pod, claimOf: (name: string) => PersistentVolumeClaim | undefined): EphemeralVolumesPlan {
  const create: PersistentVolumeClaim[] = [];
  const conflicts: string[] = [];
  const { namespace, name: podName, uid, deletionTimestamp } = pod.metadata ?? {};
  // The garbage collector removes the claims with the Pod; none must come after it.
  if (deletionTimestamp !== undefined || isPodFinished(pod)) return { create, conflicts };
  for (const { name: volume, ephemeral } of pod.spec?.volumes ?? []) {
    if (ephemeral?.volumeClaimTemplate === undefined) continue;
    const { metadata, spec } = ephemeral.volumeClaimTemplate;
    const name = `${podName}-${volume}`;
    const existing = claimOf(name);
    if (existing === undefined) {
      const { labels, annotations } = metadata ?? {};
      const ownerReferences = [controllerRefTo(podKind, pod)];
      create.push({ metadata: { name, namespace, labels, annotations, ownerReferences }, spec });
    } else if (controllerOf(existing)?.uid !== uid) {
      conflicts.push(`PVC ${namespace}/${name} was not created for pod ${namespace}/${podName} (pod is not owner)`);
    }
  }
  return { create, conflicts };
}
