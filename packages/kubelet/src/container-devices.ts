import type { Container } from "@skiff/api";
import type { ContainerConfig } from "./container-runtime.ts";
import { configError } from "./start-error.ts";
import type { ReadyVolume } from "./volumes/volume-manager.ts";

/** The block devices that a container asks for. Errors: a StartError when a volume is not there or is a file system. */
export function containerDevices(container: Container, volumes: ReadonlyMap<string, ReadyVolume>): ContainerConfig["devices"] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumes.get(name);
    if (volume === undefined) throw configError(`cannot find volume "${name}" to map into container "${container.name}"`);
    if (!volume.isBlockDevice) throw configError(`volume ${name} has volumeMode Filesystem, but is specified in volumeDevices`);
    return { containerPath: devicePath, hostPath: volume.path, permissions: volume.readOnly ? "r" : "mrw" };
  });
}
