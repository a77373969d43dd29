import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { KeyToPath, ObjectMeta, ProjectedVolumeSource, Volume, VolumeProjection } from "../generated/types.ts";
import { tryParseQuantity } from "../quantity.ts";
import { validateClaimSpec } from "./claim-spec-validation.ts";
import { validateFieldRef, validateResourceFieldRef, VOLUME_FIELDS } from "./env-validation.ts";
import { invalidEach, requiredText } from "./field-checks.ts";
import { validateNoBacksteps, validateNonReservedPath } from "./local-path.ts";
import { checkDnsLabel, checkDnsSubdomain } from "./names.ts";

const HOST_PATH_TYPES = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
const MODE_DETAIL = "must be a number between 0 and 0777 (octal), both inclusive";

/** A file mode, where given. */
function validateMode(mode: number | undefined, field: string): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= 0o777) ? [] : [invalidValue(field, mode, MODE_DETAIL)];
}

function validateItems(items: readonly KeyToPath[] | undefined, field: string): FieldError[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${field}[${index}]`;
    const path = item.path ? validateNonReservedPath(item.path, `${at}.path`) : [required(`${at}.path`)];
    return [...requiredText(`${at}.key`, item.key), ...path, ...validateMode(item.mode, `${at}.mode`)];
  });
}

type DownwardFile = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function validateDownwardFiles(files: readonly DownwardFile[] | undefined, field: string): FieldError[] {
  return (files ?? []).flatMap((file, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (!file.path) errors.push(required(`${at}.path`));
    else errors.push(...validateNonReservedPath(file.path, `${at}.path`));
    if (file.fieldRef) {
      errors.push(...validateFieldRef(file.fieldRef, `${at}.fieldRef`, VOLUME_FIELDS));
      if (file.resourceFieldRef)
        errors.push(invalidValue(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    } else if (file.resourceFieldRef) errors.push(...validateResourceFieldRef(file.resourceFieldRef, `${at}.resourceFieldRef`, true));
    else errors.push(required(at, "one of fieldRef and resourceFieldRef is required"));
    return [...errors, ...validateMode(file.mode, `${at}.mode`)];
  });
}

function validateTokenProjection(token: NonNullable<VolumeProjection["serviceAccountToken"]>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = token.expirationSeconds ?? 3600;
  if (seconds < 600) errors.push(invalidValue(`${field}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > 2 ** 32)
    errors.push(invalidValue(`${field}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds"));
  if (!token.path) errors.push(required(`${field}.path`));
  else errors.push(...validateNonReservedPath(token.path, `${field}.path`));
  return errors;
}

/** The files that a source makes, to find two sources that make the same one. */
function projectedPaths(source: VolumeProjection): string[] {
  const items = [...(source.secret?.items ?? []), ...(source.configMap?.items ?? []), ...(source.downwardAPI?.items ?? [])];
  return [...items.map((item) => item.path), source.serviceAccountToken?.path, source.clusterTrustBundle?.path].filter(
    (path): path is string => Boolean(path),
  );
}

function validateProjected(projected: ProjectedVolumeSource, field: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${field}.defaultMode`);
  const paths = new Set<string>();
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${field}.sources[${index}]`;
    const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
    const kinds = Object.values(source).filter((kind) => kind !== undefined && kind !== null).length;
    if (kinds === 0) errors.push(required(at, "must specify a volume type"));
    if (kinds > 1) errors.push(forbiddenField(at, "may not specify more than 1 volume type"));
    if (secret) errors.push(...requiredText(`${at}.secret.name`, secret.name), ...validateItems(secret.items, `${at}.secret.items`));
    if (configMap)
      errors.push(...requiredText(`${at}.configMap.name`, configMap.name), ...validateItems(configMap.items, `${at}.configMap.items`));
    if (downwardAPI) errors.push(...validateDownwardFiles(downwardAPI.items, `${at}.downwardAPI.items`));
    if (serviceAccountToken) errors.push(...validateTokenProjection(serviceAccountToken, `${at}.serviceAccountToken`));
    if (clusterTrustBundle) errors.push(...requiredText(`${at}.clusterTrustBundle.path`, clusterTrustBundle.path));
    for (const path of projectedPaths(source)) {
      if (paths.has(path)) errors.push(invalidValue(at, path, "conflicting duplicate paths"));
      paths.add(path);
    }
  }
  return errors;
}

/** Fields that old network volumes cannot do without. */
const REQUIRED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  nfs: ["server", "path"],
  iscsi: ["targetPortal", "iqn"],
  glusterfs: ["endpoints", "path"],
  rbd: ["image"],
  cephfs: [],
  cinder: ["volumeID"],
  gcePersistentDisk: ["pdName"],
  awsElasticBlockStore: ["volumeID"],
  azureFile: ["secretName", "shareName"],
  azureDisk: ["diskName", "diskURI"],
  vsphereVolume: ["volumePath"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  flexVolume: ["driver"],
  scaleIO: ["gateway", "system", "volumeName"],
  quobyte: ["registry", "volume"],
  gitRepo: ["repository"],
};

/** A host's path: it may not climb, and its type must be known. */
export function validateHostPath(source: NonNullable<Volume["hostPath"]>, field: string): FieldError[] {
  if (!source.path) return [required(`${field}.path`)];
  const errors = validateNoBacksteps(source.path, `${field}.path`);
  if (source.type !== undefined && !HOST_PATH_TYPES.includes(source.type)) {
    errors.push(notSupported(`${field}.type`, source.type, HOST_PATH_TYPES));
  }
  return errors;
}

function validateEphemeral(
  source: NonNullable<Volume["ephemeral"]>,
  volume: string,
  metadata: ObjectMeta | undefined,
  field: string,
): FieldError[] {
  const template = source.volumeClaimTemplate;
  if (!template) return [required(`${field}.ephemeral.volumeClaimTemplate`)];
  const errors = validateClaimSpec(template.spec ?? {}, `${field}.ephemeral.volumeClaimTemplate.spec`);
  if (metadata?.name && volume) {
    const claim = `${metadata.name}-${volume}`;
    for (const problem of checkDnsSubdomain(claim)) {
      errors.push(invalidValue(`${field}.name`, volume, `PVC name ${JSON.stringify(claim)}: ${problem}`));
    }
  }
  return errors;
}

function validateSource(volume: Volume, metadata: ObjectMeta | undefined, field: string): FieldError[] {
  const sources = Object.entries(volume).filter(([name, source]) => name !== "name" && source !== undefined && source !== null);
  const [first, ...others] = sources;
  if (first === undefined) return [required(field, "must specify a volume type")];
  const errors = others.map(([name]) => forbiddenField(`${field}.${name}`, "may not specify more than 1 volume type"));
  const { emptyDir, hostPath, secret, configMap, downwardAPI, projected, persistentVolumeClaim, csi, ephemeral, image } = volume;
  if (emptyDir?.sizeLimit !== undefined && (tryParseQuantity(emptyDir.sizeLimit)?.sign ?? -1) < 0) {
    errors.push(forbiddenField(`${field}.emptyDir.sizeLimit`, "SizeLimit field must be a valid resource quantity"));
  }
  if (hostPath) errors.push(...validateHostPath(hostPath, `${field}.hostPath`));
  if (secret) {
    errors.push(...requiredText(`${field}.secret.secretName`, secret.secretName));
    errors.push(
      ...validateMode(secret.defaultMode, `${field}.secret.defaultMode`),
      ...validateItems(secret.items, `${field}.secret.items`),
    );
  }
  if (configMap) {
    errors.push(...requiredText(`${field}.configMap.name`, configMap.name));
    errors.push(...validateMode(configMap.defaultMode, `${field}.configMap.defaultMode`));
    errors.push(...validateItems(configMap.items, `${field}.configMap.items`));
  }
  if (downwardAPI) {
    errors.push(...validateMode(downwardAPI.defaultMode, `${field}.downwardAPI.defaultMode`));
    errors.push(...validateDownwardFiles(downwardAPI.items, `${field}.downwardAPI`));
  }
  if (projected) errors.push(...validateProjected(projected, `${field}.projected`));
  if (persistentVolumeClaim) errors.push(...requiredText(`${field}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName));
  if (csi) errors.push(...requiredText(`${field}.csi.driver`, csi.driver));
  if (ephemeral) errors.push(...validateEphemeral(ephemeral, volume.name, metadata, field));
  if (image) errors.push(...requiredText(`${field}.image.reference`, image.reference));
  for (const [name, source] of sources) {
    for (const part of REQUIRED_FIELDS[name] ?? []) {
      errors.push(...requiredText(`${field}.${name}.${part}`, (source as Record<string, string>)[part]));
    }
  }
  return errors;
}

/** The volumes of a Pod, and those of them that are right, by name, for mounts to refer to. */
export function validateVolumes(
  volumes: readonly Volume[],
  metadata: ObjectMeta | undefined,
  field: string,
): { errors: FieldError[]; known: Map<string, Volume> } {
  const errors: FieldError[] = [];
  const known = new Map<string, Volume>();
  const made = new Set(volumes.filter((volume) => volume.ephemeral).map((volume) => `${metadata?.name}-${volume.name}`));
  for (const [index, volume] of volumes.entries()) {
    const at = `${field}[${index}]`;
    const own = validateSource(volume, metadata, at);
    if (!volume.name) own.push(required(`${at}.name`));
    else own.push(...invalidEach(`${at}.name`, volume.name, checkDnsLabel(volume.name)));
    if (known.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) known.set(volume.name, volume);
    errors.push(...own);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && metadata?.name && made.has(claim)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      errors.push(invalidValue(`${at}.persistentVolumeClaim.claimName`, claim, detail));
    }
  }
  return { errors, known };
}
