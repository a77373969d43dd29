import { Metadata, type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, type ServiceError, status } from "@grpc/grpc-js";
import { Counter, type Registry } from "prom-client";
import { type IdentifyRequest, type IdentifyResponse, REASON, type RefusalReason, SERVICES } from "#shared/face-service.ts";
import type { Log } from "#shared/log.ts";
import { Overloaded } from "./engine-pool.ts";
import { RefusedPicture } from "./recogniser.ts";

/** Calls that are being answered when the service stops may take so long. */
const STOP_GRACE_MS = 15_000;

const CODES: Readonly<Record<RefusalReason, status>> = {
  MISSING_IMAGE: status.NOT_FOUND,
  BROKEN_IMAGE: status.INVALID_ARGUMENT,
  BAD_PATH: status.INVALID_ARGUMENT,
};

/** What the server serves. */
interface FaceServerParts {
  readonly identify: (imagePath: string, signal: AbortSignal) => Promise<IdentifyResponse>;
  readonly ready: () => boolean;
  readonly log: Log;
  readonly registry: Registry;
}

/** The gRPC server: the documents' `Identify` and `HealthCheck`, and `grpc.health.v1`. */
export class FaceServer {
  readonly #server = new Server({
    "grpc.max_receive_message_length": 64 * 1024,
  });
  readonly #parts: FaceServerParts;
  readonly #calls: Counter<"result">;

  constructor(parts: FaceServerParts) {
    this.#parts = parts;
    this.#calls = new Counter({ name: "faces_calls_total", help: "Calls by result", labelNames: ["result"], registers: [parts.registry] });
    this.#server.addService(SERVICES.identify, {
      Identify: (call: ServerUnaryCall<IdentifyRequest, IdentifyResponse>, callback: sendUnaryData<IdentifyResponse>) =>
        void this.#identify(call, callback),
    });
    this.#server.addService(SERVICES.healthCheck, {
      HealthCheck: (_call: unknown, callback: sendUnaryData<{ ready: boolean }>) => callback(null, { ready: parts.ready() }),
    });
    this.#server.addService(SERVICES.health, {
      Check: ({ request }: ServerUnaryCall<{ service: string }, unknown>, callback: sendUnaryData<{ status: string }>) => {
        if (["", "facerecog.Identify", "facerecog.HealthCheck"].includes(request.service)) {
          callback(null, { status: parts.ready() ? "SERVING" : "NOT_SERVING" });
        } else callback({ code: status.NOT_FOUND, details: `there is no service "${request.service}"` });
      },
    });
  }

  /** Answers the port. Errors: rejects when it cannot listen. */
  listen(port: number, host = "0.0.0.0"): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
  }

  /** Takes no new calls and waits for those that are being answered. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.forceShutdown(), STOP_GRACE_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #identify(call: ServerUnaryCall<IdentifyRequest, IdentifyResponse>, callback: sendUnaryData<IdentifyResponse>): Promise<void> {
    const { imagePath } = call.request;
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort());
    try {
      const response = await this.#parts.identify(imagePath, gone.signal);
      this.#calls.inc({ result: response.outcome });
      this.#parts.log.info({ imagePath, ...response }, "identified");
      callback(null, response);
    } catch (error) {
      const refused = problemOf(error);
      this.#calls.inc({ result: status[refused.code ?? status.UNKNOWN] });
      this.#parts.log.warn({ err: error, imagePath }, "not identified");
      callback(refused);
    }
  }
}

function problemOf(error: unknown): Partial<ServiceError> {
  const details = error instanceof Error ? error.message : String(error);
  if (error instanceof Overloaded) return { code: status.RESOURCE_EXHAUSTED, details };
  if (!(error instanceof RefusedPicture)) return { code: status.INTERNAL, details };
  const metadata = new Metadata();
  metadata.set(REASON, error.reason);
  return { code: CODES[error.reason], details, metadata };
}
