/** What is known of a file. Times are milliseconds since the epoch; `mode` holds the permission bits only (with setuid, setgid, sticky). */
export interface FileStatus {
  readonly type: "file" | "directory" | "symlink" | "socket" | "characterDevice" | "blockDevice" | "other";
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Tells files of one file system apart: a log that was rotated has another one than the log that took its place. */
  readonly inode: number;
  readonly modifiedMs: number;
}

/** A file opened for reading at any position. */
export interface FileReader {
  /** Up to `length` bytes from `position`; an empty array at the end. */
  read(position: number, length: number): Promise<Uint8Array>;
  status(): Promise<FileStatus>;
  close(): Promise<void>;
}

/**
 * The files of the node. The real ones, or in memory for simulated nodes.
 *
 * Errors: rejections are `Error`s with the `code` of the operating system (`ENOENT`, `EEXIST`, …); {@link hasErrorCode} tells them apart.
 */
export interface FileSystem {
  /** Undefined when there is none. Follows symbolic links. */
  stat(path: string): Promise<FileStatus | undefined>;
  /** Like `stat`, of the link itself. */
  lstat(path: string): Promise<FileStatus | undefined>;
  /** The whole file. Errors: `EFBIG` when it is larger than `limitBytes`. */
  readFile(path: string, limitBytes?: number): Promise<Uint8Array>;
  /** Creates or replaces the content. `mode` is set exactly, whatever the umask. */
  writeFile(path: string, data: Uint8Array, mode?: number): Promise<void>;
  /** With every missing parent; does nothing when it is there. `mode` (of the last one only) is set exactly, whatever the umask. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** The names in a directory, sorted. */
  readDirectory(path: string): Promise<readonly string[]>;
  /** Removes a file, a link or an empty directory. Does nothing when it is gone. */
  remove(path: string): Promise<void>;
  /** Removes a tree and never crosses into another file system: what is mounted in it fails with `EBUSY`. */
  removeTree(path: string): Promise<void>;
  /** Atomic; replaces what is there. */
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  /** The path without any symbolic link. */
  realPath(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  /** -1 leaves the user or the group as it is. Does not follow symbolic links. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  open(path: string): Promise<FileReader>;
  /** Bytes and inodes that a tree uses, links and other file systems not followed. */
  usage(path: string): Promise<{ readonly usedBytes: number; readonly inodesUsed: number }>;
}

/** True when `error` is an operating system error with that code. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as Error & { code?: string }).code ?? "");
}

/** An error as the operating system would raise it. */
export function fileError(code: string, operation: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), { code });
}
