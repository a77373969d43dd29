import { type FieldError, forbiddenField, invalidValue, notFoundField, notSupported, required } from "../field-error.ts";
import type { Container, Volume, VolumeDevice, VolumeMount } from "../generated/types.ts";
import { validateDescendingPath } from "./local-path.ts";

const PROPAGATION = ["Bidirectional", "HostToContainer", "None"];

function validatePropagation(propagation: string, container: Container, field: string): FieldError[] {
  if (!PROPAGATION.includes(propagation)) return [notSupported(field, propagation, PROPAGATION)];
  if (propagation === "Bidirectional" && !container.securityContext?.privileged) {
    return [forbiddenField(field, "Bidirectional mount propagation is available only to privileged containers")];
  }
  return [];
}

function validateRecursiveReadOnly(mount: VolumeMount, field: string): FieldError[] {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === "Disabled") return [];
  if (mode !== "Enabled" && mode !== "IfPossible") return [notSupported(field, mode, ["Disabled", "IfPossible", "Enabled"])];
  const errors: FieldError[] = [];
  if (!mount.readOnly) errors.push(forbiddenField(field, "may only be specified when readOnly is true"));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== "None") {
    errors.push(forbiddenField(field, "may only be specified when mountPropagation is None or not specified"));
  }
  return errors;
}

/** Where a container sees volumes. `volumes` are those of the Pod that are right in themselves. */
export function validateVolumeMounts(container: Container, volumes: ReadonlyMap<string, Volume>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${field}[${index}]`;
    const { name = "", mountPath = "", subPath = "", subPathExpr = "" } = mount as Partial<VolumeMount>;
    if (!name) errors.push(required(`${at}.name`));
    const volume = volumes.get(name);
    if (volume === undefined) errors.push(notFoundField(`${at}.name`, name));
    if (!mountPath) errors.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeDevices"));
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      errors.push(invalidValue(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    }
    if (subPath) errors.push(...validateDescendingPath(subPath, `${field}.subPath`));
    if (subPathExpr) {
      if (subPath) errors.push(invalidValue(`${at}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      errors.push(...validateDescendingPath(subPathExpr, `${field}.subPathExpr`));
    }
    if (mount.mountPropagation !== undefined) {
      errors.push(...validatePropagation(mount.mountPropagation, container, `${field}.mountPropagation`));
    }
    errors.push(...validateRecursiveReadOnly(mount, `${field}.recursiveReadOnly`));
  }
  return errors;
}

function validateDeviceUse(device: VolumeDevice, container: Container, volume: Volume | undefined, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const { name = "", devicePath = "" } = device as Partial<VolumeDevice>;
  if (volume === undefined) errors.push(notFoundField(`${at}.name`, name));
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
    errors.push(invalidValue(`${at}.name`, name, detail));
  }
  const mounts = container.volumeMounts ?? [];
  if (mounts.some((mount) => mount.name === name)) errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeMounts"));
  if (mounts.some((mount) => mount.mountPath === devicePath)) {
    errors.push(invalidValue(`${at}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
  }
  return errors;
}

/** Volumes that a container gets as block devices. */
export function validateVolumeDevices(container: Container, volumes: ReadonlyMap<string, Volume>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const at = `${field}[${index}]`;
    const { name = "", devicePath = "" } = device as Partial<VolumeDevice>;
    if (!name) errors.push(required(`${at}.name`));
    if (names.has(name)) errors.push(invalidValue(`${at}.name`, name, "must be unique"));
    if (!devicePath) errors.push(required(`${at}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, "must be unique"));
    if (devicePath.split("/").includes("..")) errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    errors.push(...validateDeviceUse(device, container, volumes.get(name), at));
    names.add(name);
    paths.add(devicePath);
  }
  return errors;
}
