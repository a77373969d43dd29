/** One line of the mount table. */
export interface MountPoint {
  readonly device: string;
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** What to mount. */
export interface MountRequest {
  /** A device, a directory (with the option `bind`), `host:/path` for NFS, or `tmpfs`. */
  readonly source: string;
  readonly target: string;
  /** Empty for bind mounts. */
  readonly type: string;
  readonly options: readonly string[];
}

/** A file or directory of a volume that only one container shall see. */
export interface SubPathRequest {
  /** Where the volume is mounted on the node. */
  readonly volumePath: string;
  /** Relative, without `..`. */
  readonly subPath: string;
  /** Where to bind it: created as a file or directory, as what it stands for. */
  readonly target: string;
}

/** Mounts of the node. */
export interface Mounter {
  mount(request: MountRequest): Promise<void>;
  /** Does nothing when nothing is mounted there. */
  unmount(target: string): Promise<void>;
  list(): Promise<readonly MountPoint[]>;
  isMountPoint(path: string): Promise<boolean>;
  /**
   * Makes a subpath of a volume available as a path that no process inside the volume can redirect, and answers it.
   * Missing directories are created below the volume.
   *
   * Errors: rejects when the path leaves the volume by way of symbolic links (CVE-2017-1002101, CVE-2021-25741).
   */
  bindSubPath(request: SubPathRequest): Promise<string>;
}
