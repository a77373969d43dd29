/** A thread that describes one picture after the other; see `engine-pool.ts` for the messages. */
import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { BrokenImage, describeFaces, type EngineFiles, startEngine } from "./engine.ts";
import type { EngineAnswer, EngineQuestion } from "./engine-pool.ts";

if (parentPort === null) throw new Error("this program is a thread of the face recognition service");
const port = parentPort;
await startEngine(workerData as EngineFiles);

async function answer({ id, file }: EngineQuestion): Promise<EngineAnswer> {
  try {
    return { id, ...(await describeFaces(await readFile(file))) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, error: message, kind: error instanceof BrokenImage ? "broken" : "other" };
  }
}

port.on("message", (question: EngineQuestion) => void answer(question).then((answer) => port.postMessage(answer)));
port.postMessage("ready");
