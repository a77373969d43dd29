import type { Node, Pod } from "@skiff/api";

interface Change<R extends string, T> {
  readonly resource: R;
  readonly action: "add" | "update" | "delete";
  readonly object: T;
  /** Before an update. */
  readonly previous?: T;
}

/** Something changed that may let Pods be scheduled which could not be before. */
export type ClusterEvent =
  | Change<"Node", Node>
  /** A Pod that is on a node; `delete` also when it has ended. */
  | Change<"AssignedPod", Pod>
  | Change<
      "PersistentVolumeClaim" | "PersistentVolume" | "StorageClass" | "CSINode" | "CSIStorageCapacity" | "Namespace" | "Service",
      unknown
    >;
