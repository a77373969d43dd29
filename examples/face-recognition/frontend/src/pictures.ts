import { randomUUID } from "node:crypto";
import { readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import sharp from "sharp";

/** Of the square that a thumbnail is, for screens with two dots a pixel. */
const THUMBNAIL_SIDE = 128;

/** Thumbnails that are kept; the one that was not asked for the longest goes first. */
const KEPT_MAX = 500;

const PIXELS_MAX = 50_000_000;

/** Side of pictures that are uploaded; larger ones are made smaller. */
const UPLOAD_SIDE = 1600;

/** A file that cannot be taken. */
export class NotAPicture extends Error {}

/** The pictures in the two folders, as far as a page may see them. */
export class Pictures {
  readonly #unknown: string;
  readonly #known: string;
  readonly #thumbnails = new Map<string, Buffer>();

  constructor(unknown: string, known: string) {
    this.#unknown = unknown;
    this.#known = known;
  }

  /** A small square JPEG of the picture at `path`, or nothing when there is no picture that may be shown. */
  async thumbnail(path: string): Promise<Buffer | undefined> {
    return this.#thumbnail(await fileIn(this.#unknown, path));
  }

  /** Like {@link thumbnail}, of a known picture. */
  async knownThumbnail(name: string): Promise<Buffer | undefined> {
    return this.#thumbnail(await fileIn(this.#known, basename(name)));
  }

  /** The whole picture as JPEG, without what cameras note in it. */
  async picture(path: string): Promise<Buffer | undefined> {
    const file = await fileIn(this.#unknown, path);
    if (file === undefined) return undefined;
    return sharp(file, { limitInputPixels: PIXELS_MAX, failOn: "none" })
      .rotate()
      .resize({ width: UPLOAD_SIDE, height: UPLOAD_SIDE, fit: "inside", withoutEnlargement: true })
      .jpeg()
      .toBuffer()
      .catch(() => undefined);
  }

  /**
   * Puts an uploaded picture into the folder under a name of its own, and answers the path.
   *
   * Errors: rejects with {@link NotAPicture} when it is none, or with the system's error.
   */
  async save(bytes: Uint8Array): Promise<string> {
    const picture = await sharp(bytes, { limitInputPixels: PIXELS_MAX })
      .rotate()
      .resize({ width: UPLOAD_SIDE, height: UPLOAD_SIDE, fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 90 })
      .toBuffer()
      .catch((error: unknown) => {
        throw new NotAPicture(error instanceof Error ? error.message : String(error));
      });
    const file = join(this.#unknown, `upload-${randomUUID()}.jpg`);
    // Nobody sees half a picture.
    await writeFile(`${file}.part`, picture);
    await rename(`${file}.part`, file);
    return file;
  }

  async #thumbnail(file: string | undefined): Promise<Buffer | undefined> {
    if (file === undefined) return undefined;
    const key = `${file} ${(await stat(file)).mtimeMs}`;
    const kept = this.#thumbnails.get(key);
    if (kept !== undefined) {
      this.#thumbnails.delete(key);
      this.#thumbnails.set(key, kept);
      return kept;
    }
    const made = await sharp(file, { limitInputPixels: PIXELS_MAX, failOn: "none" })
      .rotate()
      .resize({ width: THUMBNAIL_SIDE, height: THUMBNAIL_SIDE, fit: "cover", position: "top" })
      .jpeg({ quality: 80 })
      .toBuffer()
      .catch(() => undefined);
    if (made === undefined) return undefined;
    this.#thumbnails.set(key, made);
    for (const oldest of this.#thumbnails.keys()) {
      if (this.#thumbnails.size <= KEPT_MAX) break;
      this.#thumbnails.delete(oldest);
    }
    return made;
  }
}

/** The file at `path` when it is inside `folder`, links followed. */
async function fileIn(folder: string, path: string): Promise<string | undefined> {
  try {
    const root = await realpath(folder);
    const file = await realpath(resolve(folder, path));
    return file.startsWith(root + sep) && (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/** A file of the page itself. Nothing when there is none. */
export async function staticFile(folder: string, name: string): Promise<Buffer | undefined> {
  const file = await fileIn(folder, basename(name));
  return file === undefined ? undefined : readFile(file);
}
