import { parentPort } from "node:worker_threads";
import { DecodeError, decodeYaml, type Decoded } from "@skiff/api";

/** A document to read. */
export interface YamlQuestion {
  readonly bytes: Uint8Array;
}

/** What was read, or what is wrong with the document. */
export type YamlAnswer = { readonly decoded: Decoded } | { readonly problem: string };

// The program of a thread: see `WorkerYamlDecoder`, its other end.
parentPort?.on("message", ({ bytes }: YamlQuestion) => parentPort?.postMessage(answer(bytes), []));

function answer(bytes: Uint8Array): YamlAnswer {
  try {
    return { decoded: decodeYaml(bytes) };
  } catch (error) {
    if (error instanceof DecodeError) return { problem: error.message };
    throw error;
  }
}
