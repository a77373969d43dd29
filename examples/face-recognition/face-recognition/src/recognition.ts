import { Histogram, type Registry } from "prom-client";
import type { Log } from "#shared/log.ts";
import { liveGauge } from "#shared/metrics.ts";
import { EnginePool, type EnginePoolOptions } from "./engine-pool.ts";
import { Gallery } from "./gallery.ts";
import { Recogniser } from "./recogniser.ts";
import { FaceServer } from "./server.ts";

/** How often the folder of known people is looked at. */
const REFRESH_MS = 2_000;

/** What the service consists of. */
interface RecognitionOptions extends Omit<EnginePoolOptions, "measured"> {
  readonly knownPeople: string;
  readonly unknownPeople: string;
  readonly tolerance: number;
  /** 0: the system chooses one. */
  readonly port: number;
  readonly log: Log;
  readonly registry: Registry;
}

/** The service, running. */
interface Recognition {
  /** Why it cannot serve now, or nothing. */
  readonly problem: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** Loads the networks, describes the known people, and serves. Errors: rejects when the networks or the port cannot be had. */
export async function startRecognition(options: RecognitionOptions): Promise<Recognition> {
  const { knownPeople, unknownPeople, tolerance, log, registry } = options;
  const seconds = new Histogram({
    name: "faces_seconds",
    help: "Time of the steps of a picture",
    labelNames: ["step"],
    registers: [registry],
  });
  const pool = await EnginePool.start({
    ...options,
    measured: ({ decode, describe }) => {
      seconds.observe({ step: "decode" }, decode / 1000);
      seconds.observe({ step: "describe" }, describe / 1000);
    },
  });
  log.info(`Known people images location is: ${knownPeople}`);
  const gallery = new Gallery(knownPeople, (file) => pool.describe(file), log);
  liveGauge(registry, "faces_known", "Known pictures", () => gallery.faces().length);
  liveGauge(registry, "faces_queued", "Pictures that wait", () => pool.queued);
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
  const recogniser = new Recogniser({
    folder: unknownPeople,
    describe: (file, signal) => pool.describe(file, signal),
    known: () => gallery.faces(),
    tolerance,
  });
  const server = new FaceServer({
    identify: (imagePath, signal) => recogniser.identify(imagePath, signal),
    ready: () => problem === undefined,
    log,
    registry,
  });
  const port = await server.listen(options.port);
  log.info({ port, known: gallery.faces().length }, "recognising");
  return {
    problem: () => problem,
    stop: async () => {
      problem = "stopping";
      clearInterval(timer);
      await server.close();
      await pool.close();
    },
  };
}
