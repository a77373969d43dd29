const TEXT = new TextEncoder();

/** Writes one message, field by field. Absent values, empty texts and `false` are left out. */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = [];

  text(number: number, value: string | undefined): this {
    return value === undefined || value === "" ? this : this.message(number, TEXT.encode(value));
  }

  texts(number: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.message(number, TEXT.encode(value));
    return this;
  }

  flag(number: number, value: boolean | undefined): this {
    if (value) this.#chunks.push(varint(number * 8), varint(1));
    return this;
  }

  /** A nested message, written even when it is empty. */
  message(number: number, encoded: Uint8Array | undefined): this {
    if (encoded !== undefined) this.#chunks.push(varint(number * 8 + 2), varint(encoded.length), encoded);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
