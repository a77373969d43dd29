/**
 * The face recognition service. Environment: GRPC_PORT (50051), KNOWN_PEOPLE (`known_people`), UNKNOWN_PEOPLE
 * (`/unknown_people`), FACE_TOLERANCE (0.5), FACE_WORKERS (threads; default as many as processors, 2 at most), FACE_QUEUE
 * (64), MODELS and WASM (folders; set by the image).
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { runService } from "#shared/service.ts";
import { startRecognition } from "./recognition.ts";

await runService("face-recognition", async ({ environment, log, admin }) => {
  const { problem, stop } = await startRecognition({
    program: fileURLToPath(new URL("./engine-worker.js", import.meta.url)),
    files: { models: environment.text("MODELS"), wasm: environment.text("WASM") },
    workers: environment.integer("FACE_WORKERS", Math.min(2, availableParallelism()), { min: 1 }),
    queueLimit: environment.integer("FACE_QUEUE", 64, { min: 1 }),
    knownPeople: environment.text("KNOWN_PEOPLE", "known_people"),
    unknownPeople: environment.text("UNKNOWN_PEOPLE", "/unknown_people"),
    tolerance: environment.positive("FACE_TOLERANCE", 0.5),
    port: environment.port("GRPC_PORT", 50_051),
    log,
    registry: admin.registry,
  });
  admin.addCheck(async () => problem());
  return stop;
});
