import { isConditionTrue, PROVISIONED_BY, type Node, type PersistentVolume } from "@skiff/api";
import { hostOf, type LocalVolumeHost } from "./local-volume-host.ts";
import { DIRECTORY_FINALIZER } from "./plan-claim.ts";

/** A volume and what its end depends on. */
export interface ObservedLocalVolume {
  readonly volume: PersistentVolume;
  readonly hosts: ReadonlyMap<string, LocalVolumeHost>;
  /** All nodes of the cluster. */
  readonly nodes: readonly Node[];
}

/** What to do about a volume. */
export type LocalVolumePlan =
  | { readonly kind: "nothing" }
  /** Removes the directory, then the object. */
  | { readonly kind: "delete"; readonly host: LocalVolumeHost; readonly path: string }
  /** Empties the directory and makes the volume free again. */
  | { readonly kind: "recycle"; readonly host: LocalVolumeHost; readonly path: string }
  /** The object goes, and its directory stays. */
  | { readonly kind: "keepDirectory" };

const NOTHING: LocalVolumePlan = { kind: "nothing" };

/** Decides what becomes of a volume's directory when its claim is gone. */
export function planLocalVolume(observed: ObservedLocalVolume): LocalVolumePlan {
  const { volume, hosts } = observed;
  if (volume.spec?.hostPath) return planHostPath(observed, volume.spec.hostPath.path);
  const host = hostOf(volume, hosts);
  if (host === undefined) return NOTHING;
  const isDeleted = volume.metadata?.deletionTimestamp !== undefined;
  const isUnused = volume.status?.phase === "Released" || (isDeleted && volume.status?.phase !== "Bound");
  if (!isUnused) return NOTHING;
  if (volume.spec?.persistentVolumeReclaimPolicy === "Delete") return { kind: "delete", host, path: volume.spec.local?.path ?? "" };
  return isDeleted && volume.metadata?.finalizers?.includes(DIRECTORY_FINALIZER) ? { kind: "keepDirectory" } : NOTHING;
}

/** Volumes that a person made of a path on the node. The volume controller has already turned away what must not be deleted. */
function planHostPath({ volume, hosts, nodes }: ObservedLocalVolume, path: string): LocalVolumePlan {
  const { persistentVolumeReclaimPolicy: policy } = volume.spec ?? {};
  if (volume.status?.phase !== "Released" || volume.metadata?.annotations?.[PROVISIONED_BY] !== undefined) return NOTHING;
  const isDeletable = policy === "Delete" && path.startsWith("/tmp/") && !path.split("/").includes("..");
  if (policy !== "Recycle" && !isDeletable) return NOTHING;
  const host = hosts.get(inChargeOf(volume, nodes) ?? "");
  return host === undefined ? NOTHING : { kind: policy === "Recycle" ? "recycle" : "delete", host, path };
}

/**
 * The name of the node that reclaims a volume which does not say where it is: the first ready one by name. Every node
 * comes to the same answer; should two of them differ for a moment, the work is done twice, which does no harm.
 */
function inChargeOf(volume: PersistentVolume, nodes: readonly Node[]): string | undefined {
  const hostnames = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.find(
    ({ key }) => key === "kubernetes.io/hostname",
  )?.values;
  const names = nodes
    .filter(
      (node) =>
        isConditionTrue(node.status?.conditions, "Ready") &&
        (hostnames === undefined || hostnames.includes(node.metadata?.labels?.["kubernetes.io/hostname"] ?? "")),
    )
    .map(({ metadata }) => metadata?.name ?? "");
  return names.sort()[0];
}
