import type { Pod, PodSpec, Volume } from "@skiff/api";

/** Which objects of its namespace a pod uses: those that its node must be able to read. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly persistentVolumeClaims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
  readonly serviceAccounts: ReadonlySet<string>;
}

const known = new WeakMap<Pod, PodReferences>();

/** Everything that the pod refers to; remembered for as long as the (frozen) object lives. */
export function referencesOf(pod: Pod): PodReferences {
  let references = known.get(pod);
  if (references === undefined) {
    references = collect(pod);
    known.set(pod, references);
  }
  return references;
}

function collect(pod: Pod): PodReferences {
  const found = {
    secrets: new Set<string>(),
    configMaps: new Set<string>(),
    persistentVolumeClaims: new Set<string>(),
    resourceClaims: new Set<string>(),
    serviceAccounts: new Set<string>(),
  };
  const { spec } = pod;
  if (spec === undefined) return found;
  if (spec.serviceAccountName) found.serviceAccounts.add(spec.serviceAccountName);
  for (const { name } of spec.imagePullSecrets ?? []) if (name) found.secrets.add(name);
  collectFromEnvironment(spec, found);
  for (const volume of spec.volumes ?? []) collectFromVolume(volume, pod.metadata?.name ?? "", found);
  for (const { name, resourceClaimName } of pod.status?.resourceClaimStatuses ?? [])
    if (name && resourceClaimName) found.resourceClaims.add(resourceClaimName);
  for (const { resourceClaimName } of spec.resourceClaims ?? []) if (resourceClaimName) found.resourceClaims.add(resourceClaimName);
  return found;
}

type Found = { readonly [Key in keyof PodReferences]: Set<string> };

function collectFromEnvironment(spec: PodSpec, found: Found): void {
  for (const container of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) {
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      if (secretRef?.name) found.secrets.add(secretRef.name);
      if (configMapRef?.name) found.configMaps.add(configMapRef.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef?.name) found.secrets.add(valueFrom.secretKeyRef.name);
      if (valueFrom?.configMapKeyRef?.name) found.configMaps.add(valueFrom.configMapKeyRef.name);
    }
  }
}

function collectFromVolume(volume: Volume, podName: string, found: Found): void {
  const secret = (name: string | undefined): void => void (name && found.secrets.add(name));
  secret(volume.secret?.secretName);
  if (volume.configMap?.name) found.configMaps.add(volume.configMap.name);
  if (volume.persistentVolumeClaim) found.persistentVolumeClaims.add(volume.persistentVolumeClaim.claimName);
  // The claim of an ephemeral volume is named after pod and volume.
  if (volume.ephemeral) found.persistentVolumeClaims.add(`${podName}-${volume.name}`);
  for (const source of volume.projected?.sources ?? []) {
    secret(source.secret?.name);
    if (source.configMap?.name) found.configMaps.add(source.configMap.name);
  }
  secret(volume.azureFile?.secretName);
  secret(volume.cephfs?.secretRef?.name);
  secret(volume.cinder?.secretRef?.name);
  secret(volume.csi?.nodePublishSecretRef?.name);
  secret(volume.flexVolume?.secretRef?.name);
  secret(volume.iscsi?.secretRef?.name);
  secret(volume.rbd?.secretRef?.name);
  secret(volume.scaleIO?.secretRef?.name);
  secret(volume.storageos?.secretRef?.name);
}
