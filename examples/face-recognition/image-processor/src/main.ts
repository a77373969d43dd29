/**
 * The image processor. Environment: NSQ_LOOKUP_ADDRESS (`host:port`), GRPC_ADDRESS (`host:port`), the MYSQL_ names;
 * MAX_IN_FLIGHT (4), FACE_CALL_SECONDS (30), FACE_CALL_ATTEMPTS (5), FACE_RETRY_SECONDS (1), BREAKER_FAILURES (5),
 * BREAKER_WAIT_SECONDS (5), BREAKER_LONGEST_WAIT_SECONDS (60).
 */
import { ImageStore } from "#shared/image-store.ts";
import { liveGauge } from "#shared/metrics.ts";
import { mysqlFromEnvironment } from "#shared/mysql-sql.ts";
import { NsqConsumer } from "#shared/nsq/consumer.ts";
import { CHANNEL, TOPIC } from "#shared/queue.ts";
import { runService } from "#shared/service.ts";
import { FaceBreaker } from "./breaker.ts";
import { GrpcFaceClient } from "./face-client.ts";
import { Processor } from "./processor.ts";

await runService("image-processor", async ({ environment, log, admin }) => {
  const { registry } = admin;
  const sql = mysqlFromEnvironment(environment);
  const store = new ImageStore(sql);
  const client = new GrpcFaceClient(environment.text("GRPC_ADDRESS"), environment.positive("FACE_CALL_SECONDS", 30) * 1000);
  const breaker = new FaceBreaker({
    failures: environment.integer("BREAKER_FAILURES", 5, { min: 1 }),
    firstWaitMs: environment.positive("BREAKER_WAIT_SECONDS", 5) * 1000,
    longestWaitMs: environment.positive("BREAKER_LONGEST_WAIT_SECONDS", 60) * 1000,
    ping: () => client.ping(),
    // What the queue keeps needs no requeueing.
    changed: (closed) => (closed ? consumer.resume() : consumer.pause()),
    log,
    registry,
  });
  const processor = new Processor({
    store,
    client,
    breaker,
    log,
    registry,
    attempts: environment.integer("FACE_CALL_ATTEMPTS", 5, { min: 1 }),
    retryMs: environment.positive("FACE_RETRY_SECONDS", 1) * 1000,
  });
  const consumer = new NsqConsumer({
    topic: TOPIC,
    channel: CHANNEL,
    lookupAddress: environment.text("NSQ_LOOKUP_ADDRESS"),
    maxInFlight: environment.integer("MAX_IN_FLIGHT", 4, { min: 1 }),
    log,
    handle: (delivery) => processor.handle(delivery),
  });
  liveGauge(registry, "processor_in_flight", "Messages that are being handled", () => consumer.inFlight);
  admin.addCheck(() => store.check().then(() => undefined));
  admin.addCheck(async () => consumer.problem);
  return async () => {
    await consumer.close();
    breaker.close();
    client.close();
    await sql.close();
  };
});
