import {
  persistentVolumeClaimKind,
  persistentVolumeKind,
  storageClassKind,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "@skiff/api";
import type { InformerFactory } from "@skiff/client";

/** The storage objects that scheduling reads. */
export interface VolumeReader {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
}

/** Reads from the shared informers. */
export function createVolumeReader(informers: InformerFactory): VolumeReader {
  const claims = informers.informer(persistentVolumeClaimKind);
  const volumes = informers.informer(persistentVolumeKind);
  const classes = informers.informer(storageClassKind);
  return {
    claim: (namespace, name) => claims.get(`${namespace}/${name}`),
    volume: (name) => volumes.get(name),
    volumes: () => volumes.list(),
    storageClass: (name) => classes.get(name),
  };
}

/** Upstream's words for a claim that does not exist. */
export function claimNotFound(name: string): string {
  return `persistentvolumeclaim ${JSON.stringify(name)} not found`;
}
