import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as net from "node:net";
import { protobufFields, ProtobufWriter, systemClock } from "@skiff/base";
import type { HttpProbeRequest, ProbeAttempt, ProbeTransport } from "../probe-transport.ts";

/** So much of the answer's body is read; the rest does not matter. */
const MAX_BODY_BYTES = 10 * 1024;
const USER_AGENT = "kube-probe/1.36";

/** Probes over this machine's network. */
export const nodeProbeTransport: ProbeTransport = { httpGet, tcpConnect, grpcHealth };

function httpGet(request: HttpProbeRequest): Promise<ProbeAttempt> {
  const { scheme, host, port, path, timeoutMs } = request;
  const url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
  return new Promise((resolve) => {
    const headers: Record<string, string> = { "user-agent": USER_AGENT, accept: "*/*", connection: "close" };
    for (const { name, value } of request.headers) headers[name.toLowerCase()] = value;
    const send = scheme === "https" ? https.request : http.request;
    const options = { host, port, path, headers, agent: false, rejectUnauthorized: false };
    const done = (attempt: ProbeAttempt): void => {
      timer.cancel();
      outgoing.destroy();
      resolve(attempt);
    };
    const outgoing = send(options, (response) => {
      const status = response.statusCode ?? 0;
      let sizeBytes = 0;
      const finish = (): void => {
        const good = status >= 200 && status < 400;
        done({ result: good ? "success" : "failure", message: good ? "" : `HTTP probe failed with statuscode: ${status}` });
      };
      response.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > MAX_BODY_BYTES) finish();
      });
      response.on("end", finish);
      response.on("error", finish);
    });
    const timer = systemClock.setTimeout(() => {
      const message = `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
      done({ result: "failure", message });
    }, timeoutMs);
    outgoing.on("error", (error) => done({ result: "failure", message: `Get "${url}": ${dialMessage(error, host, port)}` }));
    outgoing.end();
  });
}

function tcpConnect(host: string, port: number, timeoutMs: number): Promise<ProbeAttempt> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const done = (attempt: ProbeAttempt): void => {
      timer.cancel();
      socket.destroy();
      resolve(attempt);
    };
    const timer = systemClock.setTimeout(
      () => done({ result: "failure", message: `dial tcp ${address(host, port)}: i/o timeout` }),
      timeoutMs,
    );
    socket.on("connect", () => done({ result: "success", message: "" }));
    socket.on("error", (error) => done({ result: "failure", message: dialMessage(error, host, port) }));
  });
}

/**
 * `grpc.health.v1.Health/Check` over plain HTTP/2, written out by hand: one message with one field each way is not worth
 * a gRPC stack.
 */
function grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAttempt> {
  return new Promise((resolve) => {
    const session = http2.connect(`http://${address(host, port)}`);
    const done = (attempt: ProbeAttempt): void => {
      timer.cancel();
      session.destroy();
      resolve(attempt);
    };
    const unreachable = `timeout: failed to connect service "${address(host, port)}" within ${timeoutMs / 1000}s: context deadline exceeded`;
    const timer = systemClock.setTimeout(() => done({ result: "failure", message: unreachable }), timeoutMs);
    session.on("error", () => done({ result: "failure", message: unreachable }));
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      "user-agent": USER_AGENT,
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let grpcStatus = 0;
    const onHeaders = (headers: http2.IncomingHttpHeaders): void => {
      if (headers["grpc-status"] !== undefined) grpcStatus = Number(headers["grpc-status"]);
    };
    stream.on("response", onHeaders);
    stream.on("trailers", onHeaders);
    stream.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      chunks.push(chunk);
      if (sizeBytes > MAX_BODY_BYTES)
        done({ result: "failure", message: `health rpc failed: the answer is longer than ${MAX_BODY_BYTES} bytes` });
    });
    stream.on("error", () => done({ result: "failure", message: unreachable }));
    stream.on("end", () => done(judgeHealth(grpcStatus, Buffer.concat(chunks), service)));
    stream.end(healthRequest(service));
  });
}

/** Before each message of gRPC: whether it is compressed, and its length. */
const GRPC_PREFIX_BYTES = 5;

/** A length-prefixed `HealthCheckRequest { string service = 1; }`. */
function healthRequest(service: string): Buffer {
  const message = new ProtobufWriter().text(1, service).finish();
  const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const UNIMPLEMENTED = 12;
const NOT_FOUND = 5;
const SERVING_NAMES: readonly string[] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

function judgeHealth(grpcStatus: number, body: Buffer, service: string): ProbeAttempt {
  if (grpcStatus === UNIMPLEMENTED) {
    return { result: "failure", message: "this server does not implement the grpc health protocol (grpc.health.v1.Health)" };
  }
  if (grpcStatus === NOT_FOUND) return { result: "failure", message: `service unhealthy (unknown service "${service}")` };
  if (grpcStatus !== 0) return { result: "failure", message: `health rpc failed with status ${grpcStatus}` };
  const status = servingStatus(body.subarray(GRPC_PREFIX_BYTES));
  if (status === 1) return { result: "success", message: "" };
  return { result: "failure", message: `service unhealthy (responded with "${SERVING_NAMES[status] ?? status}")` };
}

/** Of a `HealthCheckResponse { ServingStatus status = 1; }`; what is no such message is as good as `UNKNOWN`. */
function servingStatus(message: Uint8Array): number {
  try {
    return Array.from(protobufFields(message)).find(({ number }) => number === 1)?.value ?? 0;
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

function address(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const DIAL_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

function dialMessage(error: Error & { code?: string }, host: string, port: number): string {
  if (error.code === "ECONNRESET") return "read: connection reset by peer";
  const words = DIAL_WORDS[error.code ?? ""];
  return words === undefined ? error.message : `dial tcp ${address(host, port)}: ${words}`;
}
