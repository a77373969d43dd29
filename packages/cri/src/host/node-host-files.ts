import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { HostFiles } from "./host-files.ts";

/** The files of this machine. */
export const nodeHostFiles: HostFiles = {
  readText: (path) => unlessMissing(readFile(path, "utf8")),
  async writeFile(path, content, mode = 0o600) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.tmp`;
    await writeFile(temporary, content, { mode });
    await rename(temporary, path);
  },
  async makeDirectory(path, mode = 0o700) {
    await mkdir(path, { recursive: true, mode });
  },
  list: async (path) => (await unlessMissing(readdir(path))) ?? [],
  remove: (path) => rm(path, { recursive: true, force: true }),
};

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
