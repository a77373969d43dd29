import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import type { ApiRequest } from "@skiff/api";
import { drained, type Random } from "@skiff/base";
import type { KubectlTransport } from "../io.ts";
import { KubectlError } from "../kubectl-error.ts";

/** RFC 6455, section 1.3. */
const HANDSHAKE_ID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** A message that is longer ends the connection. */
const MESSAGE_LIMIT_BYTES = 32 * 1024 * 1024;

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What happens on a {@link WebSocketStream}. */
interface WebSocketHandlers {
  readonly onMessage: (message: Buffer) => void;
  /** Called once. `error` is set when the connection broke or the peer closed it with an error. */
  readonly onClose: (error: Error | undefined) => void;
}

/** The client's end of a WebSocket (RFC 6455) on a connection that has left HTTP; binary messages only. */
export class WebSocketStream {
  /** The subprotocol that the server chose. */
  readonly protocol: string;
  readonly #stream: Duplex;
  readonly #random: Random;
  #pending: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #closed = false;
  #handlers: WebSocketHandlers | undefined;

  private constructor(stream: Duplex, random: Random, protocol: string) {
    this.#stream = stream;
    this.#random = random;
    this.protocol = protocol;
  }

  /**
   * Opens a WebSocket for a request with one of `protocols`. Errors: a `StatusError` when the server refuses it,
   * {@link KubectlError} when its answer is no handshake or the transport has no upgrades.
   */
  static async open(
    transport: KubectlTransport,
    request: ApiRequest,
    protocols: readonly string[],
    random: Random,
  ): Promise<WebSocketStream> {
    if (transport.openUpgrade === undefined) throw new KubectlError("this connection to the server cannot be upgraded to a stream");
    const key = Buffer.from(random.bytes(16)).toString("base64");
    const headers = {
      ...request.headers,
      // A stream has no media type: runtimes refuse a request that wants a certain one.
      accept: "*/*",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": protocols.join(", "),
    };
    const { stream, headers: answer } = await transport.openUpgrade({ ...request, headers }, "websocket");
    const expected = createHash("sha1").update(`${key}${HANDSHAKE_ID}`).digest("base64");
    const protocol = answer["sec-websocket-protocol"] ?? "";
    if (answer["sec-websocket-accept"] !== expected || !protocols.includes(protocol)) {
      stream.destroy();
      throw new KubectlError("unable to upgrade connection: the server's WebSocket handshake is wrong");
    }
    return new WebSocketStream(stream, random, protocol);
  }

  /** Starts reading; before that nothing is lost. */
  start(handlers: WebSocketHandlers): void {
    this.#handlers = handlers;
    this.#stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#stream.on("error", (error: Error) => this.#end(error));
    this.#stream.on("close", () => this.#end(undefined));
    this.#stream.on("end", () => this.#end(undefined));
  }

  /** Sends a binary message; answers false when the caller should await {@link drained} before the next one. */
  send(message: Uint8Array): boolean {
    return this.#closed || this.#frame(OPCODE.binary, message);
  }

  /** Resolves when more can be sent, or the connection is over. */
  drained(): Promise<void> {
    return this.#closed ? Promise.resolve() : drained(this.#stream);
  }

  /** Says goodbye and ends the connection. */
  close(): void {
    if (this.#closed) return;
    this.#frame(OPCODE.close, Buffer.from([0x03, 0xe8]));
    this.#stream.end();
    this.#end(undefined);
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    this.#handlers?.onClose(error);
  }

  #frame(opcode: number, payload: Uint8Array): boolean {
    const size = payload.length;
    const head = size < 126 ? Buffer.alloc(2) : size < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (size < 126 ? size : size < 65_536 ? 126 : 127);
    if (head.length === 4) head.writeUInt16BE(size, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
    const mask = this.#random.bytes(4);
    const body = Buffer.from(payload);
    for (let index = 0; index < size; index++) body[index] = body[index]! ^ mask[index % 4]!;
    return this.#stream.write(Buffer.concat([head, mask, body]));
  }

  #receive(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      if (this.#closed) return;
      const frame = readFrame(this.#pending);
      if (frame === undefined) return;
      if (frame.size > MESSAGE_LIMIT_BYTES || this.#partsBytes > MESSAGE_LIMIT_BYTES) {
        this.#end(new KubectlError("a message of the server is too long"));
        return;
      }
      if (frame.payload === undefined) return;
      this.#pending = this.#pending.subarray(frame.end);
      this.#take(frame.opcode, frame.final, frame.payload);
    }
  }

  #take(opcode: number, final: boolean, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.#frame(OPCODE.pong, payload);
    else if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1000;
      const reason = payload.subarray(2).toString("utf8");
      this.#end(
        code === 1000 || code === 1001 || code === 1005
          ? undefined
          : new KubectlError(`websocket: close ${code}${reason ? `: ${reason}` : ""}`),
      );
    } else if (opcode !== OPCODE.pong) {
      this.#parts.push(payload);
      this.#partsBytes += payload.length;
      if (!final) return;
      const message = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#partsBytes = 0;
      this.#handlers?.onMessage(message);
    }
  }
}

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly size: number;
  /** Where the next frame begins. */
  readonly end: number;
  /** `undefined` while it is not there whole. */
  readonly payload: Buffer | undefined;
}

function readFrame(data: Buffer): Frame | undefined {
  if (data.length < 2) return undefined;
  const short = data[1]! & 0x7f;
  const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < headBytes) return undefined;
  const size = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const end = headBytes + size;
  return {
    final: (data[0]! & 0x80) !== 0,
    opcode: data[0]! & 0x0f,
    size,
    end,
    payload: data.length >= end ? data.subarray(headBytes, end) : undefined,
  };
}
