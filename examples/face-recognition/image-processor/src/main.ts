/**
 * The image processor. Environment: NSQ_LOOKUP_ADDRESS (`host:port`), GRPC_ADDRESS (`host:port`), the MYSQL_ names;
 * MAX_IN_FLIGHT (4), FACE_CALL_SECONDS (30), FACE_CALL_ATTEMPTS (5), FACE_RETRY_SECONDS (1), BREAKER_FAILURES (5),
 * BREAKER_WAIT_SECONDS (5), BREAKER_LONGEST_WAIT_SECONDS (30).
 */
import { ImageStore } from "#shared/image-store.ts";
import { liveGauge } from "#shared/metrics.ts";
import { mysqlFromEnvironment } from "#shared/mysql-sql.ts";
import { NsqConsumer } from "#shared/nsq/consumer.ts";
import { CHANNEL, TOPIC } from "#shared/queue.ts";
import { runService } from "#shared/service.ts";
import { startProcessing } from "./processing.ts";

await runService("image-processor", async ({ environment, log, admin }) => {
  const sql = mysqlFromEnvironment(environment);
  const store = new ImageStore(sql);
  const lookupAddress = environment.text("NSQ_LOOKUP_ADDRESS");
  const maxInFlight = environment.integer("MAX_IN_FLIGHT", 4, { min: 1 });
  const { consumer, stop } = startProcessing({
    store,
    consume: (handle) => new NsqConsumer({ topic: TOPIC, channel: CHANNEL, lookupAddress, maxInFlight, log, handle }),
    faceAddress: environment.text("GRPC_ADDRESS"),
    callTimeoutMs: environment.positive("FACE_CALL_SECONDS", 30) * 1000,
    callAttempts: environment.integer("FACE_CALL_ATTEMPTS", 5, { min: 1 }),
    retryMs: environment.positive("FACE_RETRY_SECONDS", 1) * 1000,
    breakerFailures: environment.integer("BREAKER_FAILURES", 5, { min: 1 }),
    breakerWaitMs: environment.positive("BREAKER_WAIT_SECONDS", 5) * 1000,
    breakerLongestWaitMs: environment.positive("BREAKER_LONGEST_WAIT_SECONDS", 30) * 1000,
    log,
    registry: admin.registry,
  });
  liveGauge(admin.registry, "processor_in_flight", "Messages that are being handled", () => consumer.inFlight);
  admin.addCheck(() => store.check().then(() => undefined));
  admin.addCheck(async () => consumer.problem);
  return async () => {
    await stop();
    await sql.close();
  };
});
