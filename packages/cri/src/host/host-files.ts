/** The few things that are done with files here. */
export interface HostFiles {
  /** Undefined when there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** Replaces the file in one step; the directory is made when it is missing. `mode` defaults to 0o600. */
  writeFile(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** With its parents. `mode` defaults to 0o700 and is not changed on a directory that is there. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** The names in a directory; none when it is missing. */
  list(path: string): Promise<readonly string[]>;
  /** A file or a whole tree; does nothing when it is gone. */
  remove(path: string): Promise<void>;
}
