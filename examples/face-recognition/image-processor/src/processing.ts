import type { Registry } from "prom-client";
import type { ImageStore } from "#shared/image-store.ts";
import type { Log } from "#shared/log.ts";
import type { Consumer, DeliveryHandler } from "#shared/queue.ts";
import { FaceBreaker } from "./breaker.ts";
import { GrpcFaceClient } from "./face-client.ts";
import { Processor } from "./processor.ts";

/** What an image processor consists of; times in milliseconds. */
interface ProcessingOptions<C extends Consumer> {
  readonly store: ImageStore;
  /** Starts to consume with the handler that it is given. */
  readonly consume: (handle: DeliveryHandler) => C;
  /** `host:port` of face recognition. */
  readonly faceAddress: string;
  readonly callTimeoutMs: number;
  readonly callAttempts: number;
  readonly retryMs: number;
  readonly breakerFailures: number;
  readonly breakerWaitMs: number;
  readonly breakerLongestWaitMs: number;
  readonly log: Log;
  readonly registry: Registry;
}

/** Starts to process. While the breaker is open nothing is taken from the queue. */
export function startProcessing<C extends Consumer>(
  options: ProcessingOptions<C>,
): { readonly consumer: C; readonly stop: () => Promise<void> } {
  const { store, log, registry } = options;
  const client = new GrpcFaceClient(options.faceAddress, options.callTimeoutMs);
  const breaker = new FaceBreaker({
    failures: options.breakerFailures,
    firstWaitMs: options.breakerWaitMs,
    longestWaitMs: options.breakerLongestWaitMs,
    ping: () => client.ping(),
    changed: (closed) => (closed ? consumer.resume() : consumer.pause()),
    log,
    registry,
  });
  const { callAttempts: attempts, retryMs } = options;
  const processor = new Processor({ store, client, breaker, attempts, retryMs, log, registry });
  const consumer = options.consume((delivery) => processor.handle(delivery));
  return {
    consumer,
    stop: async () => {
      await consumer.close();
      breaker.close();
      client.close();
    },
  };
}
