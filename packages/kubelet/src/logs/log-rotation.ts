import type { Clock } from "@skiff/base";
import type { ContainerRuntime } from "../container-runtime.ts";
import type { FileSystem } from "../file-system.ts";

/** When logs are rotated, and how many old ones are kept. */
export interface LogRotationLimits {
  readonly maxSizeBytes: number;
  /** The one that is written to included. */
  readonly maxFiles: number;
}

/** Upstream's `containerLogMaxSize` and `containerLogMaxFiles`. */
export const DEFAULT_LOG_ROTATION: LogRotationLimits = { maxSizeBytes: 10 * 2 ** 20, maxFiles: 5 };

/** What logs are rotated with. */
interface LogRotationParts {
  readonly clock: Clock;
  readonly fileSystem: FileSystem;
  readonly runtime: Pick<ContainerRuntime, "listContainers" | "containerStatus" | "reopenContainerLog">;
  readonly onError: (containerId: string, error: unknown) => void;
}

/** Rotates the logs of all running containers that have grown too large. */
export async function rotateLogs(parts: LogRotationParts, limits: LogRotationLimits): Promise<void> {
  for (const container of await parts.runtime.listContainers()) {
    if (container.state !== "CONTAINER_RUNNING") continue;
    try {
      const path = (await parts.runtime.containerStatus(container.id))?.logPath;
      if (path) await rotateLog(parts, limits, container.id, path);
    } catch (error) {
      parts.onError(container.id, error);
    }
  }
}

async function rotateLog(parts: LogRotationParts, limits: LogRotationLimits, containerId: string, path: string): Promise<void> {
  const { fileSystem, runtime, clock } = parts;
  const status = await fileSystem.stat(path);
  if (status === undefined || status.sizeBytes < limits.maxSizeBytes) return;
  const slash = path.lastIndexOf("/");
  const directory = path.slice(0, slash);
  const base = `${path.slice(slash + 1)}.`;
  const old = (await fileSystem.readDirectory(directory)).filter((name) => name.startsWith(base));
  // Names end with the time, so they are in order; room is made for the one that comes.
  for (const name of old.slice(0, Math.max(0, old.length - (limits.maxFiles - 2)))) await fileSystem.remove(`${directory}/${name}`);
  const time = new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  const rotated = `${path}.${time}`;
  await fileSystem.rename(path, rotated);
  try {
    await runtime.reopenContainerLog(containerId);
  } catch (error) {
    // The runtime goes on writing into the file that it has open; it must keep the name under which it is looked for.
    await fileSystem.rename(rotated, path);
    throw error;
  }
}
