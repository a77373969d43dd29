import type { NFSVolumeSource, Pod } from "@skiff/api";
import { volumeDirectory } from "../pod-directories.ts";
import type { ReadyVolume, VolumeParts } from "./volume-manager.ts";

/** Mounts an export of an NFS server. Errors: rejects with what mount(8) says, for example that its helper for NFS is missing. */
export async function mountNfs(
  parts: VolumeParts,
  pod: Pod,
  name: string,
  source: NFSVolumeSource,
  readOnly: boolean,
  mountOptions: readonly string[] = [],
): Promise<ReadyVolume> {
  const target = volumeDirectory(parts.directories, pod.metadata?.uid ?? "", "nfs", name);
  if (await parts.mounter.isMountPoint(target)) return { path: target, readOnly };
  await parts.fileSystem.makeDirectory(target, 0o750);
  const server = source.server.includes(":") ? `[${source.server}]` : source.server;
  const options = [...(readOnly ? ["ro"] : []), ...mountOptions];
  await parts.mounter.mount({ source: `${server}:${source.path}`, target, type: "nfs", options });
  return { path: target, readOnly };
}
