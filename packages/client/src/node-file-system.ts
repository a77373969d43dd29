import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { newUid, sleep, type Clock, type Random } from "@skiff/base";
import type { FileSystem } from "./file-system.ts";

/** A lock file that is older was left behind by a process that died. */
const STALE_LOCK_MS = 10_000;
const LOCK_ATTEMPTS = 150;
const LOCK_RETRY_MS = 100;

/** The {@link FileSystem} of this machine. */
export function nodeFileSystem(clock: Clock, random: Random): FileSystem {
  return {
    read: readIfPresent,
    write: (path, text, mode) => replaceFile(path, text, mode, `${path}.${newUid(random).slice(0, 8)}.tmp`),
    async locked(path, work) {
      // kubectl and kind use the same name, so that they and we exclude each other.
      const lock = `${path}.lock`;
      await mkdir(dirname(path), { recursive: true });
      await acquire(clock, lock);
      try {
        return await work();
      } finally {
        await rm(lock, { force: true });
      }
    },
  };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function replaceFile(path: string, text: string, mode: number, temporary: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const present = await stat(path).catch(() => undefined);
  try {
    const file = await open(temporary, "wx", present ? present.mode & 0o777 : mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function acquire(clock: Clock, lock: string): Promise<void> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    try {
      await (await open(lock, "wx", 0o600)).close();
      return;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
    const present = await stat(lock).catch(() => undefined);
    if (present !== undefined && clock.now() - present.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
    else await sleep(clock, LOCK_RETRY_MS);
  }
  throw new Error(`${lock} is held by another process; remove it if no other process uses the file`);
}

function errorCode(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
