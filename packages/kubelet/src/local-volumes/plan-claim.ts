import {
  capacityOf,
  isCompletelyBound,
  isLocalStorageClass,
  persistentVolumeClaimKind,
  PROVISIONED_BY,
  requestedSizeOf,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  storageClassNameOf,
  tryParseQuantity,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "@skiff/api";
import { referenceTo } from "@skiff/client";
import { hostOf, type LocalVolumeHost } from "./local-volume-host.ts";

/** Keeps a volume until its directory is gone, when that is what its reclaim policy asks for (KEP-2644). */
export const DIRECTORY_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer";
/** The longest name of a file, in bytes, on the file systems of Linux. */
const MAX_FILE_NAME = 255;

/** A claim and what its volume depends on. */
export interface ObservedLocalClaim {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass | undefined;
  /** The volume that the claim is bound to. */
  readonly volume: PersistentVolume | undefined;
  /** The nodes whose directories are in this process's care, by name. */
  readonly hosts: ReadonlyMap<string, LocalVolumeHost>;
  readonly isInstalled: (driver: string) => boolean;
}

/** What to do about a claim. */
export type LocalClaimPlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "refuse"; readonly message: string }
  | { readonly kind: "provision"; readonly host: LocalVolumeHost; readonly volume: PersistentVolume }
  | { readonly kind: "expand"; readonly volume: PersistentVolume; readonly storage: string };

const NOTHING: LocalClaimPlan = { kind: "nothing" };

/** Decides whether a claim gets a new directory here, or the one that it has counts as larger from now on. */
export function planLocalClaim(observed: ObservedLocalClaim): LocalClaimPlan {
  const { claim, storageClass, hosts, isInstalled } = observed;
  if (claim.metadata?.deletionTimestamp !== undefined) return NOTHING;
  if (isCompletelyBound(claim)) return expansion(observed);
  const { annotations } = claim.metadata ?? {};
  const host = hosts.get(annotations?.[SELECTED_NODE] ?? "");
  if (host === undefined || storageClass === undefined || claim.spec?.volumeName) return NOTHING;
  if (annotations?.[STORAGE_PROVISIONER] !== storageClass.provisioner || !isLocalStorageClass(storageClass, isInstalled)) return NOTHING;
  const refusal = refusalOf(claim, storageClass);
  if (refusal === undefined) return { kind: "provision", host, volume: newVolume(claim, storageClass, host) };
  return {
    kind: "refuse",
    message: `failed to provision volume with StorageClass ${JSON.stringify(storageClassNameOf(claim))}: ${refusal}`,
  };
}

function refusalOf({ spec }: PersistentVolumeClaim, { provisioner }: StorageClass): string | undefined {
  if (spec?.volumeMode === "Block") return `${provisioner} does not support block volume provisioning`;
  if (spec?.dataSource ?? spec?.dataSourceRef) return `${provisioner} cannot copy a data source into a new volume`;
  return undefined;
}

function newVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, host: LocalVolumeHost): PersistentVolume {
  const { uid, namespace, name: claimName } = claim.metadata ?? {};
  const name = `pvc-${uid}`;
  const directory = `${name}_${namespace}_${claimName}`.slice(0, MAX_FILE_NAME);
  const hostname = { key: "kubernetes.io/hostname", operator: "In", values: [host.hostname] };
  return {
    metadata: { name, annotations: { [PROVISIONED_BY]: storageClass.provisioner }, finalizers: [DIRECTORY_FINALIZER] },
    spec: {
      accessModes: claim.spec?.accessModes,
      capacity: { storage: requestedSizeOf(claim).toString() },
      claimRef: referenceTo(persistentVolumeClaimKind, claim),
      local: { path: `${host.root}/${directory}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
      storageClassName: storageClassNameOf(claim),
      volumeMode: "Filesystem",
    },
  };
}

/** Directories share the disk of their node: to grow one, it is enough to say so. */
function expansion({ claim, storageClass, volume, hosts }: ObservedLocalClaim): LocalClaimPlan {
  if (volume === undefined || storageClass?.allowVolumeExpansion !== true || hostOf(volume, hosts) === undefined) return NOTHING;
  const wanted = requestedSizeOf(claim);
  // The volume controller tells the size first, when the claim has just been bound.
  const told = tryParseQuantity(claim.status?.capacity?.storage);
  if (told === undefined) return NOTHING;
  return told.compare(wanted) >= 0 && capacityOf(volume).compare(wanted) >= 0
    ? NOTHING
    : { kind: "expand", volume, storage: wanted.toString() };
}
