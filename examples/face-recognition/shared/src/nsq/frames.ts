/** What nsqd sends: the answer to a command, an error, or a message. */
export type Frame =
  | { readonly type: "response"; readonly text: string }
  | { readonly type: "error"; readonly text: string }
  | { readonly type: "message"; readonly id: string; readonly attempts: number; readonly body: string };

/** A frame that is longer makes the connection useless; nsqd's own limit for messages is 1 MiB. */
const FRAME_MAX_BYTES = 2 * 1024 * 1024;

/** What a client says first: the protocol's version. */
export const MAGIC = "  V2";

/** A command without a body, for example `RDY 1`. */
export function command(...words: readonly (string | number)[]): Buffer {
  return Buffer.from(`${words.join(" ")}\n`);
}

/** A command with a body, for example `PUB images`. */
export function commandWithBody(words: readonly string[], body: string): Buffer {
  const bytes = Buffer.from(body);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([command(...words), size, bytes]);
}

/** Cuts the bytes of a connection into frames (https://nsq.io/clients/tcp_protocol_spec.html#data-format). */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that are whole with `chunk`. Errors: throws when these are not the bytes of nsqd. */
  push(chunk: Buffer): Frame[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    let offset = 0;
    while (this.#pending.length - offset >= 4) {
      const size = this.#pending.readUInt32BE(offset);
      if (size < 4 || size > FRAME_MAX_BYTES) throw new Error(`a frame of ${size} bytes`);
      if (this.#pending.length - offset - 4 < size) break;
      frames.push(frameOf(this.#pending.subarray(offset + 4, offset + 4 + size)));
      offset += 4 + size;
    }
    this.#pending = this.#pending.subarray(offset);
    return frames;
  }
}

function frameOf(bytes: Buffer): Frame {
  const type = bytes.readUInt32BE(0);
  const data = bytes.subarray(4);
  switch (type) {
    case 0:
      return { type: "response", text: data.toString() };
    case 1:
      return { type: "error", text: data.toString() };
    case 2:
      // 8 bytes of time, 2 of attempts, 16 of id.
      if (data.length < 26) throw new Error(`a message of ${data.length} bytes`);
      return { type: "message", attempts: data.readUInt16BE(8), id: data.toString("latin1", 10, 26), body: data.toString("utf8", 26) };
    default:
      throw new Error(`a frame of type ${type}`);
  }
}
