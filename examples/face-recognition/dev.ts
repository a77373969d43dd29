/**
 * The whole application in one process, for who works on the services: SQLite for MySQL, a queue in memory for NSQ, and the
 * same ports. `npm run dev` in this folder; the page is at http://127.0.0.1:8081. Everything is kept in `dist/dev`.
 */
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Registry } from "prom-client";
import { createFrontend } from "#frontend/frontend.ts";
import { LiveFeed } from "#frontend/live-feed.ts";
import { Pictures } from "#frontend/pictures.ts";
import { postToReceiver } from "#frontend/receiver-client.ts";
import { startRecognition } from "#face-recognition/recognition.ts";
import { startProcessing } from "#image-processor/processing.ts";
import { migrate } from "#migration/migrations.ts";
import { createReceiver } from "#receiver/receiver.ts";
import { redeem } from "#redeemer/redeemer.ts";
import { closeServer, listen } from "#shared/http.ts";
import { ImageStore } from "#shared/image-store.ts";
import { createLog } from "#shared/log.ts";
import { MemoryQueue } from "#shared/memory-queue.ts";
import { TOPIC } from "#shared/queue.ts";
import { SqliteSql } from "#shared/sqlite-sql.ts";
import { bundleService } from "./bundle.ts";
import { writeSamples } from "./samples.ts";

const HOST = "127.0.0.1";
const PORTS = { receiver: 8000, frontend: 8081, faces: 50_051 };
const REDEEM_MS = 10_000;
const RULES = { forgottenMs: 30_000, abandonedMs: 60_000, retryMs: 30_000, retries: 5, limit: 500 };

const folder = fileURLToPath(new URL("./dist/dev", import.meta.url));
const [known, unknown, app] = [join(folder, "known_people"), join(folder, "unknown_people"), join(folder, "face-recognition")];
mkdirSync(folder, { recursive: true });
if (!existsSync(known)) await writeSamples(known, unknown);
await bundleService("face-recognition", app);

const sql = new SqliteSql(join(folder, "images.sqlite"));
await migrate(sql, "sqlite");
const store = new ImageStore(sql);
const queue = new MemoryQueue();

const faces = await startRecognition({
  program: join(app, "engine-worker.js"),
  files: { models: join(app, "models"), wasm: join(app, "wasm") },
  workers: 1,
  queueLimit: 64,
  knownPeople: known,
  unknownPeople: unknown,
  tolerance: 0.5,
  port: PORTS.faces,
  log: createLog("face-recognition"),
  registry: new Registry(),
});
const log = createLog("image-processor");
const processing = startProcessing({
  store,
  consume: (handle) => queue.consume(TOPIC, 4, log, handle),
  faceAddress: `${HOST}:${PORTS.faces}`,
  callTimeoutMs: 30_000,
  callAttempts: 5,
  retryMs: 1000,
  breakerFailures: 5,
  breakerWaitMs: 5000,
  breakerLongestWaitMs: 60_000,
  log,
  registry: new Registry(),
});
const receiver = createServer(
  createReceiver({ version: "1.1", store, publisher: queue, log: createLog("receiver"), registry: new Registry() }),
);
const feed = new LiveFeed(store, createLog("frontend"));
const frontend = createServer(
  createFrontend({
    store,
    feed,
    pictures: new Pictures(unknown, known),
    post: (path) => postToReceiver(`${HOST}:${PORTS.receiver}`, path),
    staticFolder: fileURLToPath(new URL("./frontend/static", import.meta.url)),
    log: createLog("frontend"),
    registry: new Registry(),
  }),
);
const redeeming = setInterval(() => void redeem(store, queue, RULES), REDEEM_MS);
await listen(receiver, PORTS.receiver, HOST);
await listen(frontend, PORTS.frontend, HOST);
process.stderr.write(`The page: http://${HOST}:${PORTS.frontend}   post to: http://${HOST}:${PORTS.receiver}/image/post\n`);

process.once("SIGINT", () => {
  clearInterval(redeeming);
  feed.close();
  void Promise.all([closeServer(receiver, 1000), closeServer(frontend, 1000), processing.stop(), faces.stop()])
    .then(() => sql.close())
    .then(() => process.exit(0));
});
