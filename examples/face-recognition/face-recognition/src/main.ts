/**
 * The face recognition service. Environment: GRPC_PORT (50051), KNOWN_PEOPLE (`known_people`), UNKNOWN_PEOPLE
 * (`/unknown_people`), FACE_TOLERANCE (0.5), FACE_WORKERS (threads; default as many as processors, 2 at most), FACE_QUEUE
 * (64), MODELS and WASM (folders; set by the image).
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Histogram } from "prom-client";
import { liveGauge } from "#shared/metrics.ts";
import { runService } from "#shared/service.ts";
import { EnginePool } from "./engine-pool.ts";
import { Gallery } from "./gallery.ts";
import { Recogniser } from "./recogniser.ts";
import { FaceServer } from "./server.ts";

const REFRESH_MS = 2_000;

await runService("face-recognition", async ({ environment, log, admin }) => {
  const registers = [admin.registry];
  const seconds = new Histogram({ name: "faces_seconds", help: "Time of the steps of a picture", labelNames: ["step"], registers });
  const pool = await EnginePool.start({
    program: fileURLToPath(new URL("./engine-worker.js", import.meta.url)),
    files: { models: environment.text("MODELS"), wasm: environment.text("WASM") },
    workers: environment.integer("FACE_WORKERS", Math.min(2, availableParallelism()), { min: 1 }),
    queueLimit: environment.integer("FACE_QUEUE", 64, { min: 1 }),
    measured: ({ decode, describe }) => {
      seconds.observe({ step: "decode" }, decode / 1000);
      seconds.observe({ step: "describe" }, describe / 1000);
    },
  });
  const knownPeople = environment.text("KNOWN_PEOPLE", "known_people");
  log.info(`Known people images location is: ${knownPeople}`);
  const gallery = new Gallery(knownPeople, (file) => pool.describe(file), log);
  const recogniser = new Recogniser({
    folder: environment.text("UNKNOWN_PEOPLE", "/unknown_people"),
    describe: (file, signal) => pool.describe(file, signal),
    known: () => gallery.faces(),
    tolerance: environment.positive("FACE_TOLERANCE", 0.5),
  });
  let problem: string | undefined = "the known people were not looked at yet";
  const refresh = async (): Promise<void> => {
    try {
      await gallery.refresh();
      problem = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (problem !== message) log.error({ err: error }, "the known people cannot be read");
      problem = message;
    }
  };
  await refresh();
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  liveGauge(admin.registry, "faces_known", "Known pictures", () => gallery.faces().length);
  liveGauge(admin.registry, "faces_queued", "Pictures that wait", () => pool.queued);
  admin.addCheck(async () => problem);
  let stopping = false;
  const server = new FaceServer({
    identify: (imagePath, signal) => recogniser.identify(imagePath, signal),
    ready: () => problem === undefined && !stopping,
    log,
    registry: admin.registry,
  });
  const port = await server.listen(environment.port("GRPC_PORT", 50_051));
  log.info({ port, known: gallery.faces().length }, "recognising");
  return async () => {
    stopping = true;
    clearInterval(timer);
    await server.close();
    await pool.close();
  };
});
