import type { PersistentVolume, Pod, VolumeAttachment } from "@skiff/api";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";

/** Where the Node authorizer reads: the API server's caches. Synchronous; frozen, shared objects. */
export interface NodeSource {
  /** The pods whose `spec.nodeName` is that, from an index. */
  podsOnNode(nodeName: string): readonly Pod[];
  pod(namespace: string, name: string): Pod | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
  volumeAttachment(name: string): VolumeAttachment | undefined;
  /** The volume that a claim is bound to (`spec.volumeName`). */
  volumeOfClaim(namespace: string, name: string): PersistentVolume | undefined;
}

/** A source on top of a reader and an index of pods by node. */
export function nodeSourceOf(reader: ObjectReader, podsOnNode: NodeSource["podsOnNode"]): NodeSource {
  const persistentVolume = (name: string): PersistentVolume | undefined => reader.get(RESOURCES.persistentVolumes, undefined, name);
  return {
    podsOnNode,
    pod: (namespace, name) => reader.get(RESOURCES.pods, namespace, name),
    persistentVolume,
    volumeAttachment: (name) => reader.get(RESOURCES.volumeAttachments, undefined, name),
    volumeOfClaim(namespace, name) {
      const volume = reader.get(RESOURCES.persistentVolumeClaims, namespace, name)?.spec?.volumeName;
      return volume ? persistentVolume(volume) : undefined;
    },
  };
}
