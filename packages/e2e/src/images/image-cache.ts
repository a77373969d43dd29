import { createWriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cacheDirectory } from "../cache-directory.ts";
import { type OciImage, writeOciArchive } from "@skiff/cri";

/** Where built images are kept. */
export function imageCacheDirectory(): string {
  return join(cacheDirectory(), "images");
}

/** Writes images into one archive `NAME.tar` of the cache, in the place of an older one, and answers its path. */
export async function writeImageArchive(name: string, images: readonly OciImage[]): Promise<string> {
  const file = join(imageCacheDirectory(), `${name}.tar`);
  await mkdir(imageCacheDirectory(), { recursive: true });
  // Renamed when whole: a build that is broken off leaves nothing that looks like an archive.
  await pipeline(Readable.from(writeOciArchive(images)), createWriteStream(`${file}.tmp-${process.pid}`));
  await rename(`${file}.tmp-${process.pid}`, file);
  return file;
}
