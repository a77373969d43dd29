import type { Container, Pod, VolumeMount } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { ContainerMount } from "./container-runtime.ts";
import type { FileSystem } from "./file-system.ts";
import type { Mounter } from "./mounter.ts";
import { podDirectory, type PodDirectories } from "./pod-directories.ts";
import { hostsFile, type PodHostname } from "./pod-hostname.ts";
import { configError } from "./start-error.ts";
import { expandVariables } from "./variable-expansion.ts";
import type { ReadyVolume } from "./volumes/volume-manager.ts";

/** What the mounts of a container are made with. */
export interface MountParts {
  readonly fileSystem: FileSystem;
  readonly mounter: Pick<Mounter, "bindSubPath">;
  readonly directories: PodDirectories;
}

/** What the mounts of a container are made from. */
interface MountInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly volumes: ReadonlyMap<string, ReadyVolume>;
  /** For `subPathExpr`. */
  readonly environment: ReadonlyMap<string, string>;
  readonly restartCount: number;
  readonly names: PodHostname;
  readonly podIps: readonly string[];
  /** The host's `/etc/hosts`. */
  readonly hostsOfNode: string;
}

const PROPAGATION: Readonly<Record<string, ContainerMount["propagation"]>> = {
  None: "PRIVATE",
  HostToContainer: "HOST_TO_CONTAINER",
  Bidirectional: "BIDIRECTIONAL",
};

/**
 * Everything that is mounted into a container: its volumes, `/etc/hosts`, and the file for its last words.
 *
 * Errors: a StartError when a volume is not there or a subpath cannot be used.
 */
export async function containerMounts(parts: MountParts, input: MountInput): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const [index, mount] of (input.container.volumeMounts ?? []).entries()) mounts.push(await volumeMount(parts, input, mount, index));
  const isMounted = (path: string): boolean => mounts.some(({ containerPath }) => containerPath === path);
  const { fileSystem, directories } = parts;
  const podRoot = podDirectory(directories, input.pod.metadata?.uid ?? "");

  if (!isMounted("/etc/hosts") && (input.pod.spec?.hostNetwork || input.podIps.length > 0)) {
    const hostPath = `${podRoot}/etc-hosts`;
    await fileSystem.makeDirectory(podRoot, 0o750);
    const text = hostsFile(input.pod, input.names, input.podIps, input.hostsOfNode);
    await fileSystem.writeFile(hostPath, Buffer.from(text, "utf8"), 0o644);
    const readonly = input.container.securityContext?.readOnlyRootFilesystem === true;
    mounts.push({ containerPath: "/etc/hosts", hostPath, readonly, propagation: "PRIVATE", selinuxRelabel: true });
  }
  const messagePath = input.container.terminationMessagePath ?? "/dev/termination-log";
  if (messagePath !== "") {
    const hostPath = terminationMessageFile(directories, input.pod, input.container.name, input.restartCount);
    await fileSystem.makeDirectory(hostPath.slice(0, hostPath.lastIndexOf("/")), 0o750);
    // Whoever the container runs as must be able to write it.
    await fileSystem.writeFile(hostPath, new Uint8Array(), 0o666);
    mounts.push({ containerPath: messagePath, hostPath, readonly: false, propagation: "PRIVATE", selinuxRelabel: true });
  }
  return mounts;
}

/** Where on the node the last words of one run of a container are: known without asking the runtime, also after a restart. */
export function terminationMessageFile(directories: PodDirectories, pod: Pod, container: string, restartCount: number): string {
  return `${podDirectory(directories, pod.metadata?.uid ?? "")}/containers/${container}/termination-log.${restartCount}`;
}

async function volumeMount(parts: MountParts, input: MountInput, mount: VolumeMount, index: number): Promise<ContainerMount> {
  const volume = input.volumes.get(mount.name);
  if (volume === undefined) throw configError(`cannot find volume "${mount.name}" to mount into container "${input.container.name}"`);
  if (volume.isBlockDevice) throw configError(`volume ${mount.name} has volumeMode Block, but is specified in volumeMounts`);
  const subPath = subPathOf(input, mount);
  let hostPath = volume.path;
  if (subPath !== "") {
    const target = `${podDirectory(parts.directories, input.pod.metadata?.uid ?? "")}/volume-subpaths/${mount.name}/${input.container.name}/${index}`;
    try {
      hostPath = await parts.mounter.bindSubPath({ volumePath: volume.path, subPath, target });
    } catch (error) {
      throw configError(`failed to prepare subPath for volumeMount "${mount.name}" of container "${input.container.name}"`, error);
    }
  } else if ((await parts.fileSystem.stat(hostPath)) === undefined) {
    // A plain hostPath that is not there becomes a directory, as runtimes have always done.
    await parts.fileSystem.makeDirectory(hostPath, 0o755);
  }
  const containerPath = mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`;
  return {
    containerPath,
    hostPath,
    readonly: mount.readOnly === true || volume.readOnly,
    propagation: PROPAGATION[mount.mountPropagation ?? "None"] ?? "PRIVATE",
  };
}

function subPathOf(input: MountInput, mount: VolumeMount): string {
  let subPath = mount.subPath ?? "";
  if (mount.subPathExpr) {
    const unknown: string[] = [];
    subPath = expandVariables(mount.subPathExpr, (name) => {
      const value = input.environment.get(name);
      if (value === undefined) unknown.push(name);
      return value;
    });
    if (unknown.length > 0) throw configError(`missing value for "${unknown[0]}"`);
  }
  try {
    assertRelative(subPath);
  } catch (error) {
    throw configError(messageOf(error), error);
  }
  return subPath;
}

function assertRelative(subPath: string): void {
  if (subPath.startsWith("/")) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
}
