import { PROVISIONED_BY, type PersistentVolume } from "@skiff/api";
import type { FileSystem } from "../file-system.ts";

/** A node that keeps volumes as directories. */
export interface LocalVolumeHost {
  readonly nodeName: string;
  /** The node's label `kubernetes.io/hostname`, which volumes are tied to. */
  readonly hostname: string;
  /** The directory on the node that holds one directory for each volume. */
  readonly root: string;
  readonly fileSystem: FileSystem;
}

/**
 * The node that holds the directory of a volume that was made here, or `undefined` when none of `hosts` does.
 *
 * A volume is an object that others may write: only a directory right below the root of the node that the volume is tied
 * to can be meant, and nothing else is ever deleted on a volume's word.
 */
export function hostOf(volume: PersistentVolume, hosts: ReadonlyMap<string, LocalVolumeHost>): LocalVolumeHost | undefined {
  const { local, nodeAffinity } = volume.spec ?? {};
  if (local === undefined || volume.metadata?.annotations?.[PROVISIONED_BY] === undefined) return undefined;
  const values = nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.find(
    ({ key }) => key === "kubernetes.io/hostname",
  )?.values;
  for (const host of hosts.values()) {
    if (values?.length !== 1 || values[0] !== host.hostname || !local.path.startsWith(`${host.root}/`)) continue;
    const name = local.path.slice(host.root.length + 1);
    if (name.startsWith("pvc-") && !name.includes("/")) return host;
  }
  return undefined;
}
