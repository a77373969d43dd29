import { constants, type Stats } from "node:fs";
import * as fs from "node:fs/promises";
import { fileError, hasErrorCode, type FileReader, type FileStatus, type FileSystem } from "../file-system.ts";

const PERMISSIONS = 0o7777;

/** The files of this machine. */
export const nodeKubeletFileSystem: FileSystem = {
  stat: (path) => statusUnlessGone(fs.stat(path)),
  lstat: (path) => statusUnlessGone(fs.lstat(path)),

  async readFile(path, limitBytes = Number.POSITIVE_INFINITY) {
    const handle = await fs.open(path, "r");
    try {
      if ((await handle.stat()).size > limitBytes) throw fileError("EFBIG", "read", path);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  },

  async writeFile(path, data, mode) {
    await fs.writeFile(path, data, mode === undefined ? {} : { mode });
    // The mode given at creation is cut by the umask, and an existing file keeps its own.
    if (mode !== undefined) await fs.chmod(path, mode);
  },

  async makeDirectory(path, mode) {
    await fs.mkdir(path, { recursive: true });
    if (mode !== undefined) await fs.chmod(path, mode);
  },

  async readDirectory(path) {
    return (await fs.readdir(path)).sort();
  },

  async remove(path) {
    try {
      await fs.unlink(path);
    } catch (error) {
      if (hasErrorCode(error, "ENOENT")) return;
      if (!hasErrorCode(error, "EISDIR", "EPERM")) throw error;
      await fs.rmdir(path);
    }
  },

  async removeTree(path) {
    const status = await statusUnlessGone(fs.lstat(path));
    if (status !== undefined) await removeBelow(path, (await fs.lstat(path)).dev);
  },

  rename: (from, to) => fs.rename(from, to),
  symlink: (target, path) => fs.symlink(target, path),
  readLink: (path) => fs.readlink(path),
  realPath: (path) => fs.realpath(path),
  chmod: (path, mode) => fs.chmod(path, mode),

  async chown(path, uid, gid) {
    const current = await fs.lstat(path);
    await fs.lchown(path, uid < 0 ? current.uid : uid, gid < 0 ? current.gid : gid);
  },

  async open(path) {
    return readerOf(await fs.open(path, constants.O_RDONLY));
  },

  async usage(path) {
    const total = { usedBytes: 0, inodesUsed: 0 };
    const root = await fs.lstat(path).catch(() => undefined);
    if (root !== undefined) await addUsage(path, root.dev, total);
    return total;
  },
};

function readerOf(handle: fs.FileHandle): FileReader {
  return {
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    status: async () => statusOf(await handle.stat()),
    close: () => handle.close(),
  };
}

async function statusUnlessGone(stats: Promise<Stats>): Promise<FileStatus | undefined> {
  try {
    return statusOf(await stats);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

function statusOf(stats: Stats): FileStatus {
  const { size, mode, uid, gid, ino, mtimeMs } = stats;
  return { type: typeOf(stats), sizeBytes: size, mode: mode & PERMISSIONS, uid, gid, inode: ino, modifiedMs: mtimeMs };
}

function typeOf(stats: Stats): FileStatus["type"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isSocket()) return "socket";
  if (stats.isCharacterDevice()) return "characterDevice";
  return stats.isBlockDevice() ? "blockDevice" : "other";
}

async function removeBelow(path: string, device: number): Promise<void> {
  const status = await fs.lstat(path);
  // What is mounted here belongs to somebody: a volume's data must not go with the Pod.
  if (status.dev !== device) throw fileError("EBUSY", "rmdir", path);
  if (!status.isDirectory()) return fs.unlink(path);
  for (const name of await fs.readdir(path)) await removeBelow(`${path}/${name}`, device);
  await fs.rmdir(path);
}

async function addUsage(path: string, device: number, total: { usedBytes: number; inodesUsed: number }): Promise<void> {
  const status = await fs.lstat(path).catch(() => undefined);
  if (status === undefined || status.dev !== device) return;
  total.usedBytes += status.blocks * 512;
  total.inodesUsed++;
  if (!status.isDirectory()) return;
  for (const name of await fs.readdir(path).catch((): string[] => [])) await addUsage(`${path}/${name}`, device, total);
}
