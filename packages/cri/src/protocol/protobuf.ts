/**
 * Protocol Buffers (proto3 wire format) for messages that are declared as TypeScript values: the declaration is the
 * source of both the encoding and the static type, so nothing is parsed or generated at start.
 *
 * Only what CRI uses is here: varints, strings, bytes, doubles, enumerations by name, nested messages, lists, and maps
 * of strings. 64-bit numbers are rounded to what a double holds.
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Messages nested deeper than this are refused, so that a hostile peer cannot exhaust the stack. */
const DEPTH_MAX = 64;

/** How one field is written and read. `T` is its type when read. */
interface Field<T> {
  readonly number: number;
  readonly wireType: number;
  readonly repeated: boolean;
  /** What a reader gets when the field is absent. */
  readonly absent: () => T;
  /** Whether a value is the default, which proto3 leaves out. */
  readonly isDefault: (value: unknown) => boolean;
  readonly write: (writer: ProtobufWriter, value: never) => void;
  /** Reads one occurrence; `before` is the value so far. */
  readonly read: (reader: ProtobufReader, before: unknown, wireType: number) => T;
}

/** The fields of a message by their names. */
type Fields = Readonly<Record<string, Field<unknown>>>;

/** A message as it is read: every field is there; a nested message that was absent is `undefined`. */
type Decoded<F extends Fields> = { readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never };

/** What may be written in place of a `T`: any field of a message may be left out. */
export type Encodable<T> = T extends Uint8Array | string | number | boolean
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Encodable<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]?: Encodable<T[Name]> | undefined }
      : T;

/** A declared message. */
export interface MessageType<T> {
  encode(value: Encodable<T>): Uint8Array;
  /** Errors: throws a `RangeError` when the bytes are not a message. */
  decode(bytes: Uint8Array): T;
  /** Writes and reads without a length in front; for nesting. */
  readonly codec: {
    write(writer: ProtobufWriter, value: Encodable<T>): void;
    read(reader: ProtobufReader, end: number): T;
  };
}

/** Declares a message. */
export function message<F extends Fields>(fields: F): MessageType<Decoded<F>> {
  const entries = Object.entries(fields);
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]));
  const codec: MessageType<Decoded<F>>["codec"] = {
    write(writer, value) {
      const record = value as Readonly<Record<string, unknown>>;
      for (const [name, field] of entries) {
        const fieldValue = record[name];
        if (fieldValue === undefined || field.isDefault(fieldValue)) continue;
        field.write(writer, fieldValue as never);
      }
    },
    read(reader, end) {
      const record: Record<string, unknown> = {};
      for (const [name, field] of entries) record[name] = field.absent();
      while (reader.position < end) {
        const tag = reader.varint();
        const known = byNumber.get(Math.floor(tag / 8));
        if (known === undefined) reader.skip(tag % 8);
        else record[known.name] = known.field.read(reader, record[known.name], tag % 8);
      }
      if (reader.position !== end) throw new RangeError("a field reaches past the end of its message");
      return record as Decoded<F>;
    },
  };
  return {
    codec,
    encode(value) {
      const writer = new ProtobufWriter();
      codec.write(writer, value);
      return writer.finish();
    },
    decode: (bytes) => codec.read(new ProtobufReader(bytes), bytes.length),
  };
}

function scalar<T>(
  number: number,
  wireType: number,
  zero: T,
  write: (writer: ProtobufWriter, value: T) => void,
  read: (reader: ProtobufReader) => T,
): Field<T> {
  return {
    number,
    wireType,
    repeated: false,
    absent: () => zero,
    isDefault: (value) => value === zero,
    write(writer, value) {
      writer.tag(number, wireType);
      write(writer, value);
    },
    read: (reader) => read(reader),
  };
}

/** A `string`. */
export const string = (number: number): Field<string> =>
  scalar(
    number,
    LENGTH_DELIMITED,
    "",
    (writer, value) => writer.string(value),
    (reader) => reader.string(),
  );

/** A `bool`. */
export const bool = (number: number): Field<boolean> =>
  scalar<boolean>(
    number,
    VARINT,
    false,
    (writer, value) => writer.varint(value ? 1 : 0),
    (reader) => reader.varint() !== 0,
  );

/** An `int32` or `int64`. */
export const int = (number: number): Field<number> =>
  scalar(
    number,
    VARINT,
    0,
    (writer, value) => writer.signedVarint(value),
    (reader) => reader.signedVarint(),
  );

/** A `uint32` or `uint64`. */
export const uint = (number: number): Field<number> =>
  scalar(
    number,
    VARINT,
    0,
    (writer, value) => writer.varint(value),
    (reader) => reader.varint(),
  );

/** An `enum`; `names` are in the order of their numbers, from 0. A number without a name is read as its digits. */
export function enumeration<const Name extends string>(number: number, names: readonly [Name, ...Name[]]): Field<Name> {
  const write = (writer: ProtobufWriter, value: Name): void => {
    const index = names.indexOf(value);
    if (index < 0) throw new RangeError(`"${value}" is none of ${names.join(", ")}`);
    writer.varint(index);
  };
  const read = (reader: ProtobufReader): Name => {
    const value = reader.varint();
    return names[value] ?? (String(value) as Name);
  };
  return scalar<Name>(number, VARINT, names[0], write, read);
}

const NEVER_DEFAULT = (): boolean => false;

/** `bytes`. */
export function bytes(number: number): Field<Uint8Array> {
  return {
    ...scalar<Uint8Array>(
      number,
      LENGTH_DELIMITED,
      new Uint8Array(0),
      (writer, value) => writer.bytes(value),
      (reader) => reader.bytes(),
    ),
    isDefault: (value) => (value as Uint8Array).length === 0,
  };
}

/** A nested message. */
export function nested<T>(number: number, type: MessageType<T>): Field<T | undefined> {
  return {
    number,
    wireType: LENGTH_DELIMITED,
    repeated: false,
    absent: () => undefined,
    isDefault: NEVER_DEFAULT,
    write(writer, value) {
      writer.tag(number, LENGTH_DELIMITED);
      writer.delimited(() => type.codec.write(writer, value));
    },
    read: (reader) => reader.delimited((end) => type.codec.read(reader, end)),
  };
}

/** A list. Numbers are written packed and read either way. */
export function repeated<T>(item: Field<T>): Field<readonly NonNullable<T>[]> {
  const { number } = item;
  const packed = item.wireType !== LENGTH_DELIMITED;
  return {
    number,
    wireType: item.wireType,
    repeated: true,
    absent: () => [],
    isDefault: (value) => (value as readonly unknown[]).length === 0,
    write(writer, values: readonly never[]) {
      if (!packed) {
        for (const value of values) item.write(writer, value);
        return;
      }
      writer.tag(number, LENGTH_DELIMITED);
      writer.delimited(() => {
        for (const value of values) writer.signedVarint(value);
      });
    },
    read(reader, before, wireType) {
      const list = before as NonNullable<T>[];
      const readItem = (): NonNullable<T> => item.read(reader, item.absent(), wireType) as NonNullable<T>;
      if (packed && wireType === LENGTH_DELIMITED) {
        reader.delimited((end) => {
          while (reader.position < end) list.push(readItem());
        });
      } else list.push(readItem());
      return list;
    },
  };
}

/** A `map<string, string>`. */
export function stringMap(number: number): Field<Readonly<Record<string, string>>> {
  return {
    number,
    wireType: LENGTH_DELIMITED,
    repeated: false,
    absent: () => ({}),
    isDefault: (value) => Object.keys(value as object).length === 0,
    write(writer, map: Readonly<Record<string, string>>) {
      for (const [key, value] of Object.entries(map)) {
        writer.tag(number, LENGTH_DELIMITED);
        writer.delimited(() => {
          writer.tag(1, LENGTH_DELIMITED);
          writer.string(key);
          writer.tag(2, LENGTH_DELIMITED);
          writer.string(value);
        });
      }
    },
    read(reader, before) {
      const entry = reader.delimited((end) => ENTRY.codec.read(reader, end));
      // Defined, not assigned: a key named `__proto__` is an ordinary key.
      const map = before as Record<string, string>;
      return Object.defineProperty(map, entry.key, { value: entry.value, enumerable: true, configurable: true, writable: true });
    },
  };
}

const ENTRY = message({ key: string(1), value: string(2) });

/** Collects the bytes of a message. */
class ProtobufWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** A whole number from 0; above 2^53 as far as a double is exact. */
  varint(value: number): void {
    if (value < 0 || !Number.isInteger(value)) throw new RangeError(`${value} is not a whole number from 0`);
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Negative numbers take ten bytes: two's complement in 64 bits. */
  signedVarint(value: number): void {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  string(value: string): void {
    this.bytes(Buffer.from(value, "utf8"));
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** Writes what `content` writes with its length in front. */
  delimited(content: () => void): void {
    const outer = this.#buffer;
    const outerLength = this.#length;
    this.#buffer = new Uint8Array(256);
    this.#length = 0;
    content();
    const inner = this.#buffer.subarray(0, this.#length);
    this.#buffer = outer;
    this.#length = outerLength;
    this.bytes(inner);
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

/** Reads the bytes of a message. Every method throws a `RangeError` when they end too early. */
class ProtobufReader {
  readonly #bytes: Uint8Array;
  #position = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw new RangeError("the bytes end within a number, or the number is longer than 64 bits");
  }

  signedVarint(): number {
    const start = this.#position;
    const value = this.varint();
    // Only ten-byte numbers are negative; those need all 64 bits.
    if (this.#position - start < 10) return value;
    let exact = 0n;
    for (let index = 0; index < 10; index++) exact |= BigInt((this.#bytes[start + index] ?? 0) & 0x7f) << BigInt(7 * index);
    return Number(BigInt.asIntN(64, exact));
  }

  string(): string {
    const value = this.bytes();
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8");
  }

  /** A view of the input, not a copy. */
  bytes(): Uint8Array {
    const end = this.#endOf(this.varint());
    const value = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return value;
  }

  /** Reads a length, then what `content` reads up to there. */
  delimited<T>(content: (end: number) => T): T {
    const end = this.#endOf(this.varint());
    if (++this.#depth > DEPTH_MAX) throw new RangeError(`messages are nested more than ${DEPTH_MAX} deep`);
    const value = content(end);
    this.#depth--;
    if (this.#position !== end) throw new RangeError("a field reaches past the end of its message");
    return value;
  }

  /** Passes over a field that is not known. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#position = this.#endOf(8);
    else if (wireType === LENGTH_DELIMITED) this.#position = this.#endOf(this.varint());
    else if (wireType === FIXED32) this.#position = this.#endOf(4);
    else throw new RangeError(`wire type ${wireType} is not known`);
  }

  #endOf(length: number): number {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new RangeError("the bytes end within a field");
    return end;
  }
}
