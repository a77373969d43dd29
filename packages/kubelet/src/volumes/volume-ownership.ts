import type { FileSystem } from "../file-system.ts";

const DIRECTORY_BITS = 0o2770;
const FILE_BITS = 0o660;

/**
 * Hands a volume to the Pod's `fsGroup`: group, read and write for it, and setgid on directories so that new files belong
 * to it too. With `OnRootMismatch` nothing is done when the top directory is right already.
 */
export async function giveToGroup(fileSystem: FileSystem, path: string, gid: number, changePolicy: string | undefined): Promise<void> {
  const root = await fileSystem.lstat(path);
  if (root === undefined) return;
  if (changePolicy === "OnRootMismatch" && root.gid === gid && (root.mode & DIRECTORY_BITS) === DIRECTORY_BITS) return;
  await visit(fileSystem, path, gid);
}

async function visit(fileSystem: FileSystem, path: string, gid: number): Promise<void> {
  const status = await fileSystem.lstat(path);
  if (status === undefined) return;
  const isDirectory = status.type === "directory";
  // What it leads to may lie outside the volume.
  if (status.type !== "symlink") {
    const bits = isDirectory ? DIRECTORY_BITS : FILE_BITS;
    if (status.gid !== gid) await fileSystem.chown(path, -1, gid);
    if ((status.mode & bits) !== bits) await fileSystem.chmod(path, status.mode | bits);
  } else if (status.gid !== gid) await fileSystem.chown(path, -1, gid);
  if (!isDirectory) return;
  for (const name of await fileSystem.readDirectory(path)) await visit(fileSystem, `${path}/${name}`, gid);
}
