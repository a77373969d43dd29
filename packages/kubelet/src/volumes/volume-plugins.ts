import { claimsOfPod, tryParseQuantity, type HostPathVolumeSource, type Pod, type Volume, type VolumeProjection } from "@skiff/api";
import { volumeDirectory } from "../pod-directories.ts";
import type { NodeSideFields } from "../pod-fields.ts";
import { writeAtomically, type PayloadFile } from "./atomic-writer.ts";
import { claimedVolume } from "./claimed-volume.ts";
import { prepareHostPath } from "./host-path.ts";
import { imageVolumePath } from "./image-volumes.ts";
import { mountNfs } from "./nfs-volume.ts";
import { configMapPayload, downwardPayload, secretPayload } from "./payload.ts";
import type { ReadyVolume, VolumeParts } from "./volume-manager.ts";
import { giveToGroup } from "./volume-ownership.ts";

const DEFAULT_MODE = 0o644;
/** Tokens are for the user of the Pod alone, unless its containers differ in their users. */
const TOKEN_MODE = 0o600;
const SHARED_TOKEN_MODE = 0o644;

/** Sets one volume up, or brings it up to date. Errors: rejects when that is not possible now. */
export async function setUpVolume(parts: VolumeParts, pod: Pod, volume: Volume, fields: NodeSideFields): Promise<ReadyVolume> {
  if (volume.emptyDir) return emptyDir(parts, pod, volume);
  if (volume.hostPath) return hostPath(parts, volume.hostPath);
  if (volume.configMap || volume.secret || volume.projected || volume.downwardAPI) return contentVolume(parts, pod, volume, fields);
  const claim = claimsOfPod(pod.metadata?.name ?? "", { containers: [], volumes: [volume] })[0];
  if (claim !== undefined) return claimedVolume(parts, pod, claim);
  if (volume.nfs) return mountNfs(parts, pod, volume.name, volume.nfs, volume.nfs.readOnly === true);
  // Mounted when a container that uses it is started.
  if (volume.image) return { path: imageVolumePath(parts.directories, pod, volume.name), readOnly: true };
  throw new Error(`no volume plugin matched for volume ${volume.name}`);
}

async function emptyDir(parts: VolumeParts, pod: Pod, volume: Volume): Promise<ReadyVolume> {
  const { fileSystem, mounter, directories } = parts;
  const path = volumeDirectory(directories, pod.metadata?.uid ?? "", "empty-dir", volume.name);
  const isNew = (await fileSystem.stat(path)) === undefined;
  if (isNew) await fileSystem.makeDirectory(path, 0o777);
  const medium = volume.emptyDir?.medium ?? "";
  if (medium !== "" && !(await mounter.isMountPoint(path))) {
    const limit = tryParseQuantity(volume.emptyDir?.sizeLimit)?.value();
    const size = limit === undefined || limit === 0n ? [] : [`size=${limit}`];
    if (medium === "Memory") await mounter.mount({ source: "tmpfs", target: path, type: "tmpfs", options: [...size, "mode=0777"] });
    else throw new Error(`unknown storage medium "${medium}"`);
  }
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (isNew && fsGroup !== undefined) await giveToGroup(fileSystem, path, fsGroup, fsGroupChangePolicy);
  return { path, readOnly: false };
}

async function hostPath(parts: VolumeParts, source: HostPathVolumeSource): Promise<ReadyVolume> {
  await prepareHostPath(parts.fileSystem, source.path, source.type);
  return { path: source.path, readOnly: false };
}

/** A volume whose files come from the API. */
async function contentVolume(parts: VolumeParts, pod: Pod, volume: Volume, fields: NodeSideFields): Promise<ReadyVolume> {
  const plugin = volume.configMap ? "configmap" : volume.secret ? "secret" : volume.projected ? "projected" : "downward-api";
  const target = volumeDirectory(parts.directories, pod.metadata?.uid ?? "", plugin, volume.name);
  const projections = projectionsOf(volume);
  const defaultMode = modeOf(volume) ?? DEFAULT_MODE;
  const content = new Map<string, PayloadFile>();
  let refreshMs = Number.POSITIVE_INFINITY;
  for (const projection of projections) {
    const part = await projected(parts, pod, projection, defaultMode, fields);
    for (const [path, file] of part.files) content.set(path, file);
    refreshMs = Math.min(refreshMs, part.refreshMs);
  }
  const { fileSystem, mounter, host } = parts;
  if ((await fileSystem.stat(target)) === undefined) await fileSystem.makeDirectory(target, 0o777);
  // Secrets stay in memory: they must not reach a disk.
  const secretive = volume.secret !== undefined || projections.some(({ secret, serviceAccountToken }) => secret ?? serviceAccountToken);
  if (secretive && !(await mounter.isMountPoint(target))) {
    await mounter.mount({ source: "tmpfs", target, type: "tmpfs", options: ["mode=0777"] });
  }
  await writeAtomically(fileSystem, host, target, content, pod.spec?.securityContext?.fsGroup);
  return { path: target, readOnly: true, ...(Number.isFinite(refreshMs) ? { refreshMs } : {}) };
}

function modeOf(volume: Volume): number | undefined {
  return (volume.configMap ?? volume.secret ?? volume.projected ?? volume.downwardAPI)?.defaultMode;
}

/** The plain volume types are projections with a single source. */
function projectionsOf(volume: Volume): readonly VolumeProjection[] {
  if (volume.projected) return volume.projected.sources ?? [];
  if (volume.configMap) return [{ configMap: volume.configMap }];
  if (volume.secret) {
    const { secretName, items, optional } = volume.secret;
    return [{ secret: { name: secretName, items, optional } }];
  }
  return [{ downwardAPI: { items: volume.downwardAPI?.items } }];
}

async function projected(
  parts: VolumeParts,
  pod: Pod,
  projection: VolumeProjection,
  defaultMode: number,
  fields: NodeSideFields,
): Promise<{ files: ReadonlyMap<string, PayloadFile>; refreshMs: number }> {
  const { sources } = parts;
  const namespace = pod.metadata?.namespace;
  const stays = Number.POSITIVE_INFINITY;
  if (projection.configMap) {
    const { name = "", items, optional } = projection.configMap;
    const object = await sources.configMaps.get(`${namespace}/${name}`);
    if (object === undefined && optional !== true) throw new Error(`configmap "${name}" not found`);
    return { files: configMapPayload(object ?? {}, { items, optional: optional === true, defaultMode }), refreshMs: stays };
  }
  if (projection.secret) {
    const { name = "", items, optional } = projection.secret;
    const object = await sources.secrets.get(`${namespace}/${name}`);
    if (object === undefined && optional !== true) throw new Error(`secret "${name}" not found`);
    return { files: secretPayload(object ?? {}, { items, optional: optional === true, defaultMode }), refreshMs: stays };
  }
  if (projection.downwardAPI) {
    return { files: downwardPayload(pod, projection.downwardAPI.items ?? [], defaultMode, fields), refreshMs: stays };
  }
  if (projection.serviceAccountToken) {
    const { path } = projection.serviceAccountToken;
    const { token, renewMs } = await parts.tokens.token(pod, projection.serviceAccountToken);
    const data = Buffer.from(token, "utf8");
    return { files: new Map([[path, { data, ...tokenAccess(pod, defaultMode) }]]), refreshMs: renewMs };
  }
  throw new Error("a projected volume source is not supported on this node");
}

/** Who may read a token: the group, when there is one; else the one user of all containers; else everybody in the Pod. */
function tokenAccess(pod: Pod, defaultMode: number): { mode: number; uid?: number } {
  const ofPod = pod.spec?.securityContext;
  if (ofPod?.fsGroup !== undefined) return { mode: TOKEN_MODE };
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const users = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? ofPod?.runAsUser));
  const [user] = users;
  return users.size === 1 && user !== undefined ? { mode: TOKEN_MODE, uid: user } : { mode: Math.min(defaultMode, SHARED_TOKEN_MODE) };
}
