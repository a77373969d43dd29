import { realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import type { IdentifyResponse, RefusalReason } from "#shared/face-service.ts";
import { BrokenPicture } from "./engine-pool.ts";
import { type Face, type KnownFace, nearest } from "./matching.ts";

const FILE_MAX_BYTES = 32 * 1024 * 1024;

/** A picture that is not looked at, or cannot be. */
export class RefusedPicture extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What a recogniser works with. */
interface RecogniserParts {
  /** Where unknown pictures are; none outside of it is opened. */
  readonly folder: string;
  readonly describe: (file: string, signal?: AbortSignal) => Promise<readonly Face[]>;
  readonly known: () => readonly KnownFace[];
  /** Faces nearer than this are one person's. */
  readonly tolerance: number;
}

/** Says whose face a picture shows. */
export class Recogniser {
  readonly #parts: RecogniserParts;

  constructor(parts: RecogniserParts) {
    this.#parts = parts;
  }

  /** Errors: rejects with {@link RefusedPicture}, or with what `describe` rejects with. */
  async identify(imagePath: string, signal?: AbortSignal): Promise<IdentifyResponse> {
    const file = await this.#file(imagePath);
    const faces = await this.#describe(file, signal);
    const [face] = faces;
    if (face === undefined) return { imageName: "", outcome: "NO_FACE", distance: 0 };
    if (faces.length > 1) return { imageName: "", outcome: "SEVERAL_FACES", distance: 0 };
    const match = nearest(face.vector, this.#parts.known(), this.#parts.tolerance);
    if (match === undefined) return { imageName: "", outcome: "UNKNOWN_PERSON", distance: 0 };
    return { imageName: match.name, outcome: "MATCHED", distance: match.distance };
  }

  async #describe(file: string, signal: AbortSignal | undefined): Promise<readonly Face[]> {
    try {
      return await this.#parts.describe(file, signal);
    } catch (error) {
      if (error instanceof BrokenPicture) throw new RefusedPicture("BROKEN_IMAGE", `not a picture: ${error.message}`);
      throw error;
    }
  }

  /** The file behind the path, links followed. */
  async #file(imagePath: string): Promise<string> {
    const { folder } = this.#parts;
    const asked = resolve(folder, imagePath);
    if (imagePath === "" || imagePath.includes("\0") || !isInside(folder, asked)) {
      throw new RefusedPicture("BAD_PATH", `"${imagePath}" is not in ${folder}`);
    }
    try {
      const file = await realpath(asked);
      if (!isInside(await realpath(folder), file)) throw new RefusedPicture("BAD_PATH", `"${imagePath}" leads out of ${folder}`);
      const status = await stat(file);
      if (!status.isFile()) throw new RefusedPicture("BAD_PATH", `"${imagePath}" is no file`);
      if (status.size > FILE_MAX_BYTES) throw new RefusedPicture("BROKEN_IMAGE", `"${imagePath}" has more than ${FILE_MAX_BYTES} bytes`);
      return file;
    } catch (error) {
      if (
        error instanceof Error &&
        "code" in error &&
        (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "ENAMETOOLONG")
      ) {
        throw new RefusedPicture("MISSING_IMAGE", `there is no "${imagePath}"`);
      }
      throw error;
    }
  }
}

function isInside(folder: string, path: string): boolean {
  const root = resolve(folder);
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}
