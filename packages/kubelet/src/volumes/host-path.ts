import type { FileStatus, FileSystem } from "../file-system.ts";

const KINDS: Readonly<Record<string, { readonly type: FileStatus["type"]; readonly words: string }>> = {
  Directory: { type: "directory", words: "a directory" },
  DirectoryOrCreate: { type: "directory", words: "a directory" },
  File: { type: "file", words: "a file" },
  FileOrCreate: { type: "file", words: "a file" },
  Socket: { type: "socket", words: "a socket file" },
  CharDevice: { type: "characterDevice", words: "a character device" },
  BlockDevice: { type: "blockDevice", words: "a block device" },
};

/** Checks a path of the host against its declared type, creating it where the type says so. Errors: throws when it does not fit. */
export async function prepareHostPath(fileSystem: FileSystem, path: string, type: string | undefined): Promise<void> {
  if (type === undefined || type === "") return;
  let status = await fileSystem.stat(path);
  if (status === undefined && type === "DirectoryOrCreate") {
    await fileSystem.makeDirectory(path, 0o755);
    return;
  }
  if (status === undefined && type === "FileOrCreate") {
    // The directory must be there already; only the file is made.
    await fileSystem.writeFile(path, new Uint8Array(), 0o644);
    status = await fileSystem.stat(path);
  }
  const kind = KINDS[type];
  if (kind === undefined) throw new Error(`${type} is an invalid volume type`);
  if (status?.type !== kind.type) throw new Error(`hostPath type check failed: ${path} is not ${kind.words}`);
}
