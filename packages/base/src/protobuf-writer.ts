/** The wire types of numbers, and of what has its length in front: strings, bytes and messages. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

const TEXT = new TextEncoder();

/**
 * Writes one Protocol Buffers message (proto3 wire format), field by field. What is absent and what is the default (0,
 * false, no bytes) is left out, as proto3 does.
 */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** A whole number from 0 to 2^53. */
  number(field: number, value: number): this {
    if (value === 0) return this;
    this.#push(varint(field * 8 + VARINT), varint(value));
    return this;
  }

  flag(field: number, value: boolean | undefined): this {
    return this.number(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.message(field, value);
  }

  text(field: number, value: string | undefined): this {
    return value === undefined ? this : this.bytes(field, TEXT.encode(value));
  }

  /** A list of strings, the empty ones too. */
  texts(field: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.message(field, TEXT.encode(value));
    return this;
  }

  /** A nested message; written even when it is empty, since its presence may be all that it says. */
  message(field: number, encoded: Uint8Array | undefined): this {
    if (encoded === undefined) return this;
    this.#push(varint(field * 8 + LENGTH_DELIMITED), varint(encoded.length), encoded);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#chunks, this.#length);
  }

  #push(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    }
  }
}

function varint(value: number): Uint8Array {
  if (value < 0 || !Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number from 0 to 2^53`);
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
