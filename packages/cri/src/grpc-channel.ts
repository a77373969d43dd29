import { Client, credentials, type ServiceError, status as GrpcStatus } from "@grpc/grpc-js";
import { systemClock } from "@skiff/base";
import { RuntimeError } from "@skiff/kubelet";
import type { Encodable } from "./protocol/protobuf.ts";
import type { CallType } from "./protocol/runtime-v1.ts";

/** The largest answer that is taken, in bytes; the same limit as the kubelet's. A list of some 10,000 containers fits. */
const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;

/** Back-off between attempts to connect. A runtime that restarts is back within a second or two. */
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LAST_MS = 3_000;

/** A connection to a gRPC server on a Unix socket. It connects at the first call, and again after the server restarted. */
export interface GrpcChannel {
  /**
   * One call with one answer. Without `timeoutMs` it waits for as long as the server takes.
   *
   * Errors: rejects with a {@link RuntimeError}; `UNAVAILABLE` when the server cannot be reached, `DEADLINE_EXCEEDED`
   * when `timeoutMs` passed.
   */
  call<Request, Response>(type: CallType<Request, Response>, request: Encodable<Request>, timeoutMs: number | undefined): Promise<Response>;
  /** A call with many answers; resolves when `signal` is aborted, and rejects when the stream ends or fails. */
  stream<Request, Response>(
    type: CallType<Request, Response>,
    request: Encodable<Request>,
    onMessage: (message: Response) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Ends calls under way with `CANCELLED`. */
  close(): void;
}

/** Opens a channel to the socket at `socketPath`. Nothing is connected yet. */
export function openGrpcChannel(socketPath: string): GrpcChannel {
  const client = new Client(`unix://${socketPath}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MESSAGE_MAX_BYTES,
    "grpc.max_send_message_length": MESSAGE_MAX_BYTES,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_FIRST_MS,
    "grpc.min_reconnect_backoff_ms": RECONNECT_FIRST_MS,
    "grpc.max_reconnect_backoff_ms": RECONNECT_LAST_MS,
    // Every client has its own connection, so that closing one does not disturb another.
    "grpc.use_local_subchannel_pool": 1,
    // Names are resolved again only for DNS; a proxy from the environment must not see a local socket.
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
  });
  return {
    call: (type, request, timeoutMs) =>
      new Promise((resolve, reject) => {
        const { path, request: requestType, response: responseType } = type;
        // gRPC takes a deadline as wall time and turns it into the time that is left.
        const deadline = timeoutMs === undefined ? undefined : new Date(systemClock.now() + timeoutMs);
        client.makeUnaryRequest(
          path,
          (value: typeof request) => Buffer.from(requestType.encode(value)),
          (bytes) => responseType.decode(bytes),
          request,
          deadline === undefined ? {} : { deadline },
          (error, answer) => {
            if (error) reject(toRuntimeError(error, path));
            else if (answer === undefined) reject(new RuntimeError("INTERNAL", `${path}: the server sent no answer`));
            else resolve(answer);
          },
        );
      }),
    stream: (type, request, onMessage, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const { path, request: requestType, response: responseType } = type;
        const stream = client.makeServerStreamRequest(
          path,
          (value: typeof request) => Buffer.from(requestType.encode(value)),
          (bytes) => responseType.decode(bytes),
          request,
        );
        const onAbort = (): void => stream.cancel();
        signal.addEventListener("abort", onAbort, { once: true });
        const settle = (error: RuntimeError): void => {
          signal.removeEventListener("abort", onAbort);
          if (signal.aborted) resolve();
          else reject(error);
        };
        stream.on("data", onMessage);
        stream.on("error", (error: ServiceError) => settle(toRuntimeError(error, path)));
        stream.on("end", () => settle(new RuntimeError("UNAVAILABLE", `${path}: the server ended the stream`)));
      }),
    close: () => client.close(),
  };
}

function toRuntimeError(error: ServiceError, path: string): RuntimeError {
  const code = GrpcStatus[error.code] ?? "UNKNOWN";
  return new RuntimeError(code, error.details === "" ? `${path} failed: ${code}` : error.details, { cause: error });
}
