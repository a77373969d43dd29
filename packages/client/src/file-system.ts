/** The files that a client needs: credentials and the kubeconfig. Paths are absolute or relative to the working directory. */
export interface FileSystem {
  /** The text of a file, `undefined` when there is none. Errors: rejects when it is there and cannot be read. */
  read(path: string): Promise<string | undefined>;
  /**
   * Replaces a file whole, so that a reader sees the old or the new text and never a part, making its directory if need
   * be. `mode` is for new files; an existing file keeps its own.
   */
  write(path: string, text: string, mode: number): Promise<void>;
  /**
   * Runs `work` while no other process that uses this method for `path` does. Errors: rejects when the lock was not free
   * within a few seconds.
   */
  locked<T>(path: string, work: () => Promise<T>): Promise<T>;
}
