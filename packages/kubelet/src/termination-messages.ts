import type { Pod } from "@skiff/api";
import { hasErrorCode, type FileSystem } from "./file-system.ts";
import { terminationMessageFile } from "./container-mounts.ts";
import { readLogTail } from "./logs/log-tail.ts";
import type { PodDirectories } from "./pod-directories.ts";
import type { RuntimeContainer, RuntimePod } from "./runtime-pod.ts";

/** What a container may say at its end; the rest is cut off. */
const MAX_MESSAGE_BYTES = 4096;
/** With `FallbackToLogsOnError`: so much of the end of the log. */
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;

/** The last words of the containers of one Pod. Each is read once, when the container has ended. */
export class TerminationMessages {
  readonly #fileSystem: FileSystem;
  readonly #directories: PodDirectories;
  readonly #byContainer = new Map<string, string>();

  constructor(fileSystem: FileSystem, directories: PodDirectories) {
    this.#fileSystem = fileSystem;
    this.#directories = directories;
  }

  /** By container id. */
  get byContainer(): ReadonlyMap<string, string> {
    return this.#byContainer;
  }

  /** Reads what is new, and forgets containers that are gone. */
  async read(pod: Pod, runtime: RuntimePod): Promise<void> {
    for (const id of this.#byContainer.keys()) {
      if (!runtime.containers.some((container) => container.id === id)) this.#byContainer.delete(id);
    }
    for (const container of runtime.containers) {
      if (container.state !== "CONTAINER_EXITED" || this.#byContainer.has(container.id)) continue;
      this.#byContainer.set(container.id, await this.#messageOf(pod, container));
    }
  }

  async #messageOf(pod: Pod, container: RuntimeContainer): Promise<string> {
    const { record, exitCode } = container;
    if (record.terminationMessagePath !== "") {
      const path = terminationMessageFile(this.#directories, pod, container.name, record.restartCount);
      const text = await this.#readEnd(path);
      if (text !== "") return text;
    }
    if (record.terminationMessagePolicy !== "FallbackToLogsOnError" || exitCode === 0) return "";
    return readLogTail(this.#fileSystem, container.logPath, MAX_LOG_BYTES, MAX_LOG_LINES);
  }

  async #readEnd(path: string): Promise<string> {
    try {
      const file = await this.#fileSystem.open(path);
      try {
        return Buffer.from(await file.read(0, MAX_MESSAGE_BYTES)).toString("utf8");
      } finally {
        await file.close();
      }
    } catch (error) {
      if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return "";
      return `Error on reading termination log ${path}`;
    }
  }
}
