import type { ClaimUse, PersistentVolume, Pod } from "@skiff/api";
import { prepareHostPath } from "./host-path.ts";
import { claimError, initializationError, setUpError } from "./mount-error.ts";
import { mountNfs } from "./nfs-volume.ts";
import type { ReadyVolume, VolumeParts } from "./volume-manager.ts";
import { giveToGroup } from "./volume-ownership.ts";

/** Sets the volume up that a claim is bound to. Errors: a MountError when that is not possible now. */
export async function claimedVolume(parts: VolumeParts, pod: Pod, claim: ClaimUse): Promise<ReadyVolume> {
  let volume: PersistentVolume;
  try {
    volume = await parts.claims.resolve(pod, claim.name);
  } catch (error) {
    throw claimError(claim.volume, `${pod.metadata?.namespace}/${claim.name}`, error);
  }
  const name = volume.metadata?.name ?? claim.volume;
  try {
    return volume.spec?.volumeMode === "Block" ? await blockDevice(parts, name, volume) : await directory(parts, pod, name, volume, claim);
  } catch (error) {
    throw setUpError(name, error);
  }
}

async function directory(
  parts: VolumeParts,
  pod: Pod,
  name: string,
  { spec }: PersistentVolume,
  { volume, readOnly }: ClaimUse,
): Promise<ReadyVolume> {
  if (spec?.hostPath) {
    await prepareHostPath(parts.fileSystem, spec.hostPath.path, spec.hostPath.type);
    return { path: spec.hostPath.path, readOnly };
  }
  if (spec?.nfs) return mountNfs(parts, pod, volume, spec.nfs, readOnly || spec.nfs.readOnly === true, spec.mountOptions);
  if (spec?.local === undefined) throw initializationError(name, "no volume plugin matched");
  const { path } = spec.local;
  if ((await parts.fileSystem.stat(path)) === undefined) throw initializationError(name, `path ${JSON.stringify(path)} does not exist`);
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup !== undefined && !readOnly) await giveToGroup(parts.fileSystem, path, fsGroup, fsGroupChangePolicy);
  return { path, readOnly };
}

/** A device that containers get as it is, without a file system. */
async function blockDevice({ fileSystem }: VolumeParts, name: string, { spec }: PersistentVolume): Promise<ReadyVolume> {
  if (spec?.local === undefined) throw initializationError(name, "only local volumes can be block devices on this node");
  const status = await fileSystem.stat(spec.local.path);
  if (status === undefined) throw initializationError(name, `path ${JSON.stringify(spec.local.path)} does not exist`);
  if (status.type !== "blockDevice") throw initializationError(name, `path ${JSON.stringify(spec.local.path)} is not a block device`);
  return { path: await fileSystem.realPath(spec.local.path), readOnly: false, isBlockDevice: true };
}
