import { messageOf } from "@skiff/base";
import { isStatus, persistentVolumeClaimKind, persistentVolumeKind, type PersistentVolume, type Pod } from "@skiff/api";
import type { Client } from "@skiff/client";

/**
 * Finds the volume behind a claim, as upstream's kubelet does: bound to each other, by name and by UID.
 *
 * Errors: rejects while the claim is missing, not bound or being deleted; the caller tries again.
 */
export class PersistentVolumes {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async resolve(pod: Pod, claimName: string): Promise<PersistentVolume> {
    const { namespace } = pod.metadata ?? {};
    const claim = await this.#client
      .resource(persistentVolumeClaimKind)
      .get({ namespace, name: claimName })
      .catch((error: unknown) => {
        if (isStatus(error, "NotFound")) throw new Error(`failed to fetch PVC from API server: ${messageOf(error)}`, { cause: error });
        throw error;
      });
    if (claim.metadata?.deletionTimestamp !== undefined) throw new Error("PVC is being deleted");
    const volumeName = claim.spec?.volumeName;
    if (claim.status?.phase !== "Bound" || !volumeName) throw new Error("PVC is not bound");
    const volume = await this.#client.resource(persistentVolumeKind).get({ name: volumeName });
    if (volume.spec?.claimRef?.uid !== claim.metadata?.uid) throw new Error(`PV ${volumeName} is bound to another claim than ${claimName}`);
    return volume;
  }
}
