/** A varint of 64 bits has at most so many bytes. */
const VARINT_MAX_BYTES = 10;
/** Bytes of fields by their wire type, for those that say it there. */
const FIXED_LENGTHS: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

const TEXT = new TextDecoder();
const NO_BYTES = new Uint8Array(0);

/** What a field holds: a number for varints, else its bytes (a view on the message, not a copy). */
export interface ProtobufField {
  readonly number: number;
  /** For varints. Negative 64-bit numbers come out as such; past 2^53 as far as a double is exact. */
  readonly value: number;
  /** For strings, bytes and messages, and for numbers of a fixed width. */
  readonly bytes: Uint8Array;
}

/**
 * The fields of one Protocol Buffers message in the order in which they are on the wire.
 *
 * Errors: throws a `RangeError` when the bytes are not a message; its words are those of Go's implementation.
 */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField, void, undefined> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= VARINT_MAX_BYTES; count++) {
      const byte = message[position++];
      if (byte === undefined) throw truncated();
      // The tenth byte of a negative number carries the sign: what a double cannot add up is put right here.
      if (count === VARINT_MAX_BYTES && byte < 0x80) return negative(message, position - VARINT_MAX_BYTES);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError("proto: integer overflow");
  };
  const take = (length: number): Uint8Array => {
    if (length < 0 || length > message.length - position) throw truncated();
    position += length;
    return message.subarray(position - length, position);
  };
  while (position < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    const fixed = FIXED_LENGTHS[wireType];
    if (number === 0) throw new RangeError("proto: illegal tag 0");
    if (wireType === 0) yield { number, value: varint(), bytes: NO_BYTES };
    else if (wireType === 2) yield { number, value: 0, bytes: take(varint()) };
    else if (fixed !== undefined) yield { number, value: 0, bytes: take(fixed) };
    else throw new RangeError(`proto: illegal wireType ${wireType}`);
  }
}

/** The text of a `string` or of a key in `bytes`. Bytes that are no UTF-8 become U+FFFD. */
export function protobufText(bytes: Uint8Array): string {
  return TEXT.decode(bytes);
}

function negative(message: Uint8Array, start: number): number {
  let value = 0n;
  for (let index = 0; index < VARINT_MAX_BYTES; index++) value |= BigInt(message[start + index]! & 0x7f) << BigInt(7 * index);
  return Number(BigInt.asIntN(64, value));
}

function truncated(): RangeError {
  return new RangeError("unexpected EOF");
}
