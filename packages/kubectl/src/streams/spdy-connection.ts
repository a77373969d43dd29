import type { Duplex } from "node:stream";
import { constants, deflateRawSync } from "node:zlib";
import type { ApiRequest } from "@skiff/api";
import { drained } from "@skiff/base";
import type { KubectlTransport } from "../io.ts";
import { KubectlError } from "../kubectl-error.ts";

/** Types of control frames that matter here (SPDY/3.1, section 2.6). */
const CONTROL = { synStream: 1, rstStream: 3, ping: 6, goAway: 7 } as const;
const CONTROL_VERSION_3 = 0x8003;
/** The last frame of its sender on that stream. */
const FLAG_FIN = 1;
const HEAD_BYTES = 8;
/** A frame that is longer ends the connection; runtimes send at most 32 KiB at once. */
const FRAME_LIMIT_BYTES = 1024 * 1024;
/** What the first block of headers begins with: a zlib stream without a preset dictionary, which every decoder has to take. */
const ZLIB_HEAD = Buffer.from([0x78, 0x01]);

/** What happens on a {@link SpdyConnection}. */
interface SpdyHandlers {
  readonly onData: (stream: number, body: Buffer) => void;
  /** The peer sends nothing more on the stream. */
  readonly onEnd: (stream: number) => void;
  /** Called once. `error` is set when the connection broke. */
  readonly onClose: (error: Error | undefined) => void;
}

/**
 * The client's end of a SPDY/3.1 connection, as far as remote commands need it: streams that the client opens, each side of which
 * ends by itself. Windows are left out, because the other ends in use (Kubernetes' own) have none: TCP slows the sender down.
 */
export class SpdyConnection {
  readonly #stream: Duplex;
  #pending: Buffer = Buffer.alloc(0);
  #nextStream = 1;
  #closed = false;
  #handlers: SpdyHandlers | undefined;

  private constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /**
   * Errors: a `StatusError` when the server refuses the upgrade, {@link KubectlError} when it chose another protocol than `protocol` or the
   * transport has no upgrades.
   */
  static async open(transport: KubectlTransport, request: ApiRequest, protocol: string): Promise<SpdyConnection> {
    if (transport.openUpgrade === undefined) throw new KubectlError("this connection to the server cannot be upgraded to a stream");
    const headers = { ...request.headers, accept: "*/*", "x-stream-protocol-version": protocol };
    const { stream, headers: answer } = await transport.openUpgrade({ ...request, headers }, "SPDY/3.1");
    if (answer["x-stream-protocol-version"] !== protocol) {
      stream.destroy();
      throw new KubectlError(`unable to upgrade connection: the server does not speak ${protocol}`);
    }
    return new SpdyConnection(stream);
  }

  /** Starts reading; before that nothing is lost. */
  start(handlers: SpdyHandlers): void {
    this.#handlers = handlers;
    this.#stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#stream.on("error", (error: Error) => this.#end(error));
    this.#stream.on("close", () => this.#end(undefined));
    this.#stream.on("end", () => this.#end(undefined));
  }

  /** Opens a stream and answers its number. Names of headers must be in lower case. */
  openStream(headers: Readonly<Record<string, string>>): number {
    const number = this.#nextStream;
    this.#nextStream += 2;
    const fixed = Buffer.alloc(10);
    fixed.writeUInt32BE(number);
    // Each block is compressed by itself and refers to nothing before it, which is a valid part of the one stream of all blocks.
    const block = deflateRawSync(headerBlock(headers), { finishFlush: constants.Z_SYNC_FLUSH });
    this.#control(CONTROL.synStream, Buffer.concat([fixed, ...(number === 1 ? [ZLIB_HEAD] : []), block]));
    return number;
  }

  /** Sends on a stream; answers false when the caller should await {@link drained} before it goes on. */
  send(stream: number, body: Uint8Array): boolean {
    return this.#closed || this.#data(stream, 0, body);
  }

  /** Says that nothing more will be sent on the stream. */
  endStream(stream: number): void {
    if (!this.#closed) this.#data(stream, FLAG_FIN, new Uint8Array(0));
  }

  /** Resolves when more can be sent, or the connection is over. */
  drained(): Promise<void> {
    return this.#closed ? Promise.resolve() : drained(this.#stream);
  }

  close(): void {
    if (this.#closed) return;
    this.#stream.end();
    this.#end(undefined);
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    this.#handlers?.onClose(error);
  }

  #control(type: number, body: Uint8Array): void {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt16BE(CONTROL_VERSION_3);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(body.length, 4);
    this.#stream.write(Buffer.concat([head, body]));
  }

  #data(stream: number, flags: number, body: Uint8Array): boolean {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(stream);
    head.writeUInt32BE(body.length, 4);
    head[4] = flags;
    return this.#stream.write(Buffer.concat([head, body]));
  }

  #receive(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (!this.#closed && this.#pending.length >= HEAD_BYTES) {
      const size = this.#pending.readUIntBE(5, 3);
      if (size > FRAME_LIMIT_BYTES) {
        this.#end(new KubectlError("a frame of the server is too long"));
        return;
      }
      if (this.#pending.length < HEAD_BYTES + size) return;
      const head = this.#pending.subarray(0, HEAD_BYTES);
      const body = this.#pending.subarray(HEAD_BYTES, HEAD_BYTES + size);
      this.#pending = this.#pending.subarray(HEAD_BYTES + size);
      if ((head[0]! & 0x80) === 0) this.#takeData(head.readUInt32BE(), head[4]!, body);
      else this.#takeControl(head.readUInt16BE(2), body);
    }
  }

  #takeData(stream: number, flags: number, body: Buffer): void {
    if (body.length > 0) this.#handlers?.onData(stream, body);
    if ((flags & FLAG_FIN) !== 0) this.#handlers?.onEnd(stream);
  }

  #takeControl(type: number, body: Buffer): void {
    if (type === CONTROL.ping) this.#control(CONTROL.ping, body);
    else if (type === CONTROL.rstStream && body.length >= 4) this.#handlers?.onEnd(body.readUInt32BE());
    else if (type === CONTROL.goAway) this.#end(undefined);
  }
}

function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const words = Object.entries(headers)
    .flat()
    .map((word) => Buffer.from(word));
  const sized = words.flatMap((word) => [uint32(word.length), word]);
  return Buffer.concat([uint32(words.length / 2), ...sized]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
