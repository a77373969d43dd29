import type { StorageClass } from "../generated/types.ts";

/** The provisioner that every cluster has: its volumes are directories on the nodes. */
export const LOCAL_PROVISIONER = "skiff.dev/local-path";

/**
 * Set to `"true"` or `"false"` on a StorageClass: whether volumes of the class are directories on the nodes, whatever its
 * provisioner is called.
 */
export const LOCAL_VOLUMES_ANNOTATION = "skiff.dev/local-volumes";

/**
 * Provisioners of clouds and of other local clusters. What they would make cannot be had here, and nothing else answers
 * to their names, so manifests that were written for them get local volumes.
 */
const STAND_INS = new Set([
  "kubernetes.io/aws-ebs",
  "kubernetes.io/azure-disk",
  "kubernetes.io/cinder",
  "kubernetes.io/gce-pd",
  "kubernetes.io/vsphere-volume",
  "cinder.csi.openstack.org",
  "com.digitalocean.csi.dobs",
  "csi.hetzner.cloud",
  "disk.csi.azure.com",
  "dobs.csi.digitalocean.com",
  "docker.io/hostpath",
  "ebs.csi.aws.com",
  "k8s.io/minikube-hostpath",
  "linodebs.csi.linode.com",
  "pd.csi.storage.gke.io",
]);

/** Whether volumes of the class are directories on the nodes. A driver that somebody has installed goes before its stand-in. */
export function isLocalStorageClass({ metadata, provisioner }: StorageClass, isInstalled: (driver: string) => boolean): boolean {
  const wish = metadata?.annotations?.[LOCAL_VOLUMES_ANNOTATION];
  if (wish !== undefined) return wish === "true";
  return provisioner === LOCAL_PROVISIONER || (STAND_INS.has(provisioner) && !isInstalled(provisioner));
}
