import { DecodeError } from "@skiff/api";

/** One field as it stands on the wire. */
export interface WireField {
  readonly number: number;
  /** Of varints. */
  readonly integer: bigint;
  /** Of everything that has a length, and of fixed-width numbers; a view on the message. */
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
/** Bytes of fields by wire type, for those that say it there (Protocol Buffers encoding). */
const FIXED_LENGTHS: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** The fields of a message in their order. Errors: `DecodeError` when the bytes are not a message. */
export function* wireFields(message: Uint8Array): Generator<WireField, void, undefined> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw truncated();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new DecodeError("proto: integer overflow");
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw truncated();
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    const fixed = FIXED_LENGTHS[wireType];
    if (number === 0) throw new DecodeError("proto: illegal tag 0");
    if (wireType === 0) yield { number, integer: BigInt.asIntN(64, varint()), bytes: NO_BYTES };
    else if (wireType === 2) yield { number, integer: 0n, bytes: take(Number(varint())) };
    else if (fixed !== undefined) yield { number, integer: 0n, bytes: take(fixed) };
    else throw new DecodeError(`proto: illegal wireType ${wireType}`);
  }
}

function truncated(): DecodeError {
  return new DecodeError("unexpected EOF");
}
