import { criLogLine, type SimulatedLogEntry, type SimulatedLogSink } from "./log-sink.ts";

/** Files that bytes can be added to; `MemoryFileSystem` of the kubelet is one. */
interface AppendableFiles {
  appendFile(path: string, data: Uint8Array): void;
}

/** Writes logs as files in the format of CRI, so that the kubelet of a simulated node serves them as those of a real one. */
export class FileLogSink implements SimulatedLogSink {
  readonly #files: AppendableFiles;
  readonly #encoder = new TextEncoder();

  constructor(files: AppendableFiles) {
    this.#files = files;
  }

  write(path: string, entry: SimulatedLogEntry): void {
    this.#files.appendFile(path, this.#encoder.encode(criLogLine(entry)));
  }
}
