import { LENGTH_DELIMITED, VARINT } from "./protobuf-writer.ts";

const FIXED64 = 1;
const FIXED32 = 5;
/** A varint of 64 bits has at most so many bytes. */
const VARINT_MAX_BYTES = 10;

const TEXT = new TextDecoder();

/** What a field holds: a number for varints, else its bytes (a view on the message, not a copy). */
interface ProtobufField {
  readonly number: number;
  /** For varints. Negative 64-bit numbers come out as such; past 2^53 as far as a double is exact. */
  readonly value: number;
  /** For strings, bytes and messages. */
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The fields of one message in the order in which they are on the wire. Fields of wire types that this package does not
 * use are passed over.
 *
 * Errors: throws a `RangeError` when the bytes are not a message.
 */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField, void, undefined> {
  let position = 0;
  const need = (length: number): void => {
    if (position + length > message.length) throw new RangeError("a field reaches past the end of its message");
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_MAX_BYTES; count++) {
      need(1);
      const byte = message[position++]!;
      // The tenth byte of a negative number carries the sign: what a double cannot add up is put right here.
      if (count === VARINT_MAX_BYTES - 1 && byte < 0x80) return negative(message, position - VARINT_MAX_BYTES);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError("a number is too long");
  };
  while (position < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) yield { number, value: varint(), bytes: NO_BYTES };
    else if (wireType === LENGTH_DELIMITED) {
      const length = varint();
      need(length);
      position += length;
      yield { number, value: 0, bytes: message.subarray(position - length, position) };
    } else if (wireType === FIXED64 || wireType === FIXED32) {
      const length = wireType === FIXED64 ? 8 : 4;
      need(length);
      position += length;
    } else throw new RangeError(`a field has the unknown wire type ${wireType}`);
  }
}

/** The text of a `string` or of a key in `bytes`. */
export function protobufText(bytes: Uint8Array): string {
  return TEXT.decode(bytes);
}

function negative(message: Uint8Array, start: number): number {
  let value = 0n;
  for (let index = 0; index < VARINT_MAX_BYTES; index++) value |= BigInt(message[start + index]! & 0x7f) << BigInt(7 * index);
  return Number(BigInt.asIntN(64, value));
}
