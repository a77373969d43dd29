import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from "../generated/types.ts";
import type { Column } from "../kind.ts";
import { canonicalQuantity } from "../quantity.ts";
import { CLASS_ANNOTATION } from "../storage/claim-binding.ts";
import { isDefaultStorageClass } from "../storage/default-storage-class.ts";
import { ageColumn, booleanColumn, nameColumn, numberColumn, textColumn } from "./common-columns.ts";

const MODES = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

const modesText = (modes: readonly string[] | undefined): string =>
  MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(",");

const phaseOf = (object: { metadata?: { deletionTimestamp?: string }; status?: { phase?: string } }): string =>
  object.metadata?.deletionTimestamp === undefined ? (object.status?.phase ?? "") : "Terminating";

/** What `kubectl get persistentvolumes` shows. */
export const persistentVolumeColumns: readonly Column<PersistentVolume>[] = [
  textColumn("Capacity", "capacity is the description of the persistent volume's resources and capacity.", ({ spec }) =>
    canonicalQuantity(spec?.capacity?.storage ?? "0"),
  ),
  textColumn("Access Modes", "accessModes contains all ways the volume can be mounted.", ({ spec }) => modesText(spec?.accessModes)),
  textColumn(
    "Reclaim Policy",
    "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim.",
    ({ spec }) => spec?.persistentVolumeReclaimPolicy,
  ),
  textColumn("Status", "phase indicates if a volume is available, bound to a claim, or released by a claim.", phaseOf),
  textColumn("Claim", "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim.", ({ spec }) =>
    spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : "",
  ),
  textColumn(
    "StorageClass",
    "StorageClass of the pv",
    ({ spec, metadata }) => metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName,
  ),
  textColumn(
    "VolumeAttributesClass",
    "Name of VolumeAttributesClass to which this persistent volume belongs.",
    ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
  ),
  textColumn(
    "Reason",
    "reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.",
    ({ status }) => status?.reason,
  ),
  ageColumn,
  textColumn(
    "VolumeMode",
    "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state.",
    ({ spec }) => spec?.volumeMode ?? "<unset>",
    1,
  ),
];

/** What `kubectl get persistentvolumeclaims` shows. */
export const persistentVolumeClaimColumns: readonly Column<PersistentVolumeClaim>[] = [
  textColumn("Status", "phase represents the current phase of PersistentVolumeClaim.", phaseOf),
  textColumn("Volume", "volumeName is the binding reference to the PersistentVolume backing this claim.", ({ spec }) => spec?.volumeName),
  textColumn("Capacity", "capacity represents the actual resources of the underlying volume.", ({ spec, status }) =>
    spec?.volumeName ? canonicalQuantity(status?.capacity?.storage ?? "0") : "",
  ),
  textColumn("Access Modes", "accessModes contains the actual access modes the volume backing the PVC has.", ({ spec, status }) =>
    spec?.volumeName ? modesText(status?.accessModes) : "",
  ),
  textColumn(
    "StorageClass",
    "StorageClass of the pvc",
    ({ spec, metadata }) => metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName,
  ),
  textColumn(
    "VolumeAttributesClass",
    "volumeAttributesClassName may be used to set the VolumeAttributesClass used by this claim.",
    ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
  ),
  ageColumn,
  textColumn(
    "VolumeMode",
    "volumeMode defines what type of volume is required by the claim.",
    ({ spec }) => spec?.volumeMode ?? "<unset>",
    1,
  ),
];

/** What `kubectl get storageclasses` shows; the default one is marked in its name. */
export const storageClassColumns: readonly Column<StorageClass>[] = [
  nameColumn<StorageClass>(0, (storageClass) => (isDefaultStorageClass(storageClass) ? " (default)" : "")),
  textColumn("Provisioner", "provisioner indicates the type of the provisioner.", ({ provisioner }) => provisioner),
  textColumn(
    "ReclaimPolicy",
    "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class.",
    ({ reclaimPolicy }) => reclaimPolicy ?? "Delete",
  ),
  textColumn(
    "VolumeBindingMode",
    "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.",
    ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate",
  ),
  booleanColumn(
    "AllowVolumeExpansion",
    "allowVolumeExpansion shows whether the storage class allow volume expand.",
    ({ allowVolumeExpansion }) => allowVolumeExpansion,
  ),
  ageColumn,
];

/** What `kubectl get volumeattributesclasses` shows. */
export const volumeAttributesClassColumns: readonly Column<VolumeAttributesClass>[] = [
  textColumn("DriverName", "Name of the CSI driver", ({ driverName }) => driverName),
  ageColumn,
];

/** What `kubectl get csidrivers` shows. */
export const csiDriverColumns: readonly Column<CSIDriver>[] = [
  booleanColumn(
    "AttachRequired",
    "attachRequired indicates this CSI volume driver requires an attach operation.",
    ({ spec }) => spec?.attachRequired ?? true,
  ),
  booleanColumn(
    "PodInfoOnMount",
    "podInfoOnMount indicates this CSI volume driver requires additional pod information.",
    ({ spec }) => spec?.podInfoOnMount,
  ),
  booleanColumn(
    "StorageCapacity",
    "storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity.",
    ({ spec }) => spec?.storageCapacity,
  ),
  textColumn(
    "TokenRequests",
    "tokenRequests indicates the CSI driver needs pods' service account tokens.",
    ({ spec }) => (spec?.tokenRequests ?? []).map(({ audience }) => audience).join(",") || "<unset>",
  ),
  booleanColumn(
    "RequiresRepublish",
    "requiresRepublish indicates the CSI driver wants NodePublishVolume being periodically called.",
    ({ spec }) => spec?.requiresRepublish,
  ),
  textColumn(
    "Modes",
    "volumeLifecycleModes defines what kind of volumes this CSI volume driver supports.",
    ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(",") || "<none>",
  ),
  ageColumn,
];

/** What `kubectl get csinodes` shows. */
export const csiNodeColumns: readonly Column<CSINode>[] = [
  numberColumn("Drivers", "Drivers indicates the number of CSI drivers registered on the node", ({ spec }) => spec?.drivers?.length),
  ageColumn,
];

/** What `kubectl get csistoragecapacities` shows. */
export const csiStorageCapacityColumns: readonly Column<CSIStorageCapacity>[] = [
  textColumn(
    "StorageClassName",
    "storageClassName represents the name of the StorageClass that the reported capacity applies to.",
    ({ storageClassName }) => storageClassName,
  ),
  textColumn(
    "Capacity",
    "capacity is the value reported by the CSI driver in its GetCapacityResponse.",
    ({ capacity }) => capacity ?? "<unset>",
  ),
];

/** What `kubectl get volumeattachments` shows. */
export const volumeAttachmentColumns: readonly Column<VolumeAttachment>[] = [
  textColumn("Attacher", "attacher indicates the name of the volume driver that MUST handle this request.", ({ spec }) => spec?.attacher),
  textColumn(
    "PV",
    "persistentVolumeName represents the name of the persistent volume to attach.",
    ({ spec }) => spec?.source?.persistentVolumeName,
  ),
  textColumn("Node", "nodeName represents the node that the volume should be attached to.", ({ spec }) => spec?.nodeName),
  booleanColumn("Attached", "attached indicates the volume is successfully attached.", ({ status }) => status?.attached),
  ageColumn,
];
