import type { MemoryFileSystem } from "./memory-file-system.ts";
import type { Mounter, MountPoint, MountRequest, SubPathRequest } from "./mounter.ts";

/** A mount table in memory. Mounting changes no files: what is written to a mount point stays in its directory. */
export class MemoryMounter implements Mounter {
  readonly #fileSystem: MemoryFileSystem;
  readonly #mounts = new Map<string, MountPoint>();

  constructor(fileSystem: MemoryFileSystem) {
    this.#fileSystem = fileSystem;
  }

  async mount({ source, target, type, options }: MountRequest): Promise<void> {
    this.#mounts.set(target, { device: source, path: target, type, options });
  }

  async unmount(target: string): Promise<void> {
    this.#mounts.delete(target);
  }

  async list(): Promise<readonly MountPoint[]> {
    return [...this.#mounts.values()];
  }

  async isMountPoint(path: string): Promise<boolean> {
    return this.#mounts.has(path);
  }

  async bindSubPath({ volumePath, subPath }: SubPathRequest): Promise<string> {
    const path = `${volumePath}/${subPath}`;
    if ((await this.#fileSystem.stat(path)) === undefined) await this.#fileSystem.makeDirectory(path, 0o750);
    const [real, root] = await Promise.all([this.#fileSystem.realPath(path), this.#fileSystem.realPath(volumePath)]);
    if (real !== root && !real.startsWith(`${root}/`)) throw new Error(`subpath "${subPath}" is not within the volume`);
    return real;
  }
}
