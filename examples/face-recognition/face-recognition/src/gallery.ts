import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "#shared/log.ts";
import type { Face, KnownFace } from "./matching.ts";

/** Which files are pictures, as in the documents' service. */
const PICTURE = /\.(jpe?g|png)$/i;

/** Looks for the faces in a file. */
type Describe = (file: string) => Promise<readonly Face[]>;

/**
 * The pictures of known people in a folder. Each file is described once and kept; it is described anew when it changes and
 * forgotten when it goes. A file without a face, or that is no picture, is reported once and left out.
 */
export class Gallery {
  readonly #folder: string;
  readonly #describe: Describe;
  readonly #log: Log;
  /** By the file's name; `undefined` while a file has nothing to offer. */
  readonly #files = new Map<string, { readonly version: string; readonly face: KnownFace | undefined }>();
  #refreshing: Promise<void> | undefined;

  constructor(folder: string, describe: Describe, log: Log) {
    this.#folder = folder;
    this.#describe = describe;
    this.#log = log;
  }

  /** The known faces as of the last {@link refresh}. */
  faces(): KnownFace[] {
    return [...this.#files.values()].flatMap(({ face }) => (face === undefined ? [] : [face]));
  }

  /** Looks at the folder again; calls at one time share one look. Errors: rejects when the folder cannot be read. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => PICTURE.test(name));
    for (const name of this.#files.keys()) {
      if (names.includes(name)) continue;
      this.#files.delete(name);
      this.#log.info({ name }, "a known picture is gone");
    }
    await Promise.all(names.map((name) => this.#look(name)));
  }

  async #look(name: string): Promise<void> {
    const file = join(this.#folder, name);
    const status = await stat(file).catch(() => undefined);
    if (status === undefined || !status.isFile()) return;
    const version = `${status.size} ${status.mtimeMs}`;
    if (this.#files.get(name)?.version === version) return;
    try {
      const faces = await this.#describe(file);
      const [largest] = [...faces].sort((one, other) => other.area - one.area);
      this.#files.set(name, { version, face: largest && { name, vector: largest.vector } });
      if (largest === undefined) this.#log.warn({ name }, "no face in a known picture");
      else this.#log.info({ name, faces: faces.length }, "a known picture is described");
    } catch (error) {
      // It may still be being written: then its size or time changes, and it is looked at again.
      this.#files.set(name, { version, face: undefined });
      this.#log.warn({ err: error, name }, "a known picture cannot be described");
    }
  }
}
