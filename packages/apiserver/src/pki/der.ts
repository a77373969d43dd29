/** Universal ASN.1 tags of the Distinguished Encoding Rules (X.690) that certificates use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Input that is not DER, or not of the shape that was expected. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** One element: tag, length, then the parts one after the other. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const contentBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...encodeLength(contentBytes)];
  const bytes = new Uint8Array(header.length + contentBytes);
  bytes.set(header, 0);
  let offset = header.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** A SEQUENCE of elements. */
export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encode(TAG.sequence, ...parts);
}

/** An INTEGER from its big-endian, unsigned magnitude. */
export function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const trimmed = magnitude.subarray(start);
  const negativeLooking = ((trimmed[0] ?? 0) & 0x80) !== 0;
  return encode(TAG.integer, negativeLooking ? Uint8Array.of(0) : new Uint8Array(), trimmed.length > 0 ? trimmed : Uint8Array.of(0));
}

/** An OBJECT IDENTIFIER from its dotted text. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return encode(TAG.objectIdentifier, Uint8Array.from(bytes));
}

/** A UTF8String. */
export function utf8String(text: string): Uint8Array {
  return encode(TAG.utf8String, new TextEncoder().encode(text));
}

/** An IA5String and its like under a tag of the caller's choice. */
export function asciiText(tag: number, text: string): Uint8Array {
  return encode(
    tag,
    Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0x7f),
  );
}

/** A BIT STRING; `unusedBits` of the last byte do not count. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return encode(TAG.bitString, Uint8Array.of(unusedBits), bytes);
}

/** An OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array {
  return encode(TAG.octetString, bytes);
}

/** BOOLEAN true; false is the default everywhere that certificates have one, and so is left out. */
export const TRUE = Uint8Array.of(TAG.boolean, 1, 0xff);

/** A time as RFC 5280 wants it: UTCTime until 2049, GeneralizedTime afterwards; whole seconds. */
export function time(epochMs: number): Uint8Array {
  const digits = new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050 ? asciiText(TAG.utcTime, `${digits.slice(2)}Z`) : asciiText(TAG.generalizedTime, `${digits}Z`);
}

/** The tag `[number]`; constructed ones hold elements, primitive ones bytes. */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

/** One element that was read. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Header and content, as they stand in the input. */
  readonly raw: Uint8Array;
}

/**
 * Takes apart the elements that stand one after the other in `bytes`.
 *
 * Errors: throws {@link DerError} for lengths that go past the end, that are indefinite, or that are above 2^32.
 */
function decodeAll(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const element = decodeAt(bytes, offset);
    elements.push(element);
    offset += element.raw.length;
  }
  return elements;
}

/** The single element of `bytes`. Errors: throws {@link DerError} when there is none, or something behind it. */
export function decodeOne(bytes: Uint8Array): DerElement {
  const element = decodeAt(bytes, 0);
  if (element.raw.length !== bytes.length) throw new DerError("trailing bytes");
  return element;
}

/** The elements inside a constructed one. Errors: throws {@link DerError} when the tag is another one than `tag`. */
export function children(element: DerElement | undefined, tag: number = TAG.sequence): DerElement[] {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, found ${element?.tag ?? "nothing"}`);
  return decodeAll(element.content);
}

function decodeAt(bytes: Uint8Array, offset: number): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError("truncated");
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError("unsupported length");
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + (bytes[start++] ?? 0);
  }
  if (start + length > bytes.length) throw new DerError("truncated");
  return { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(offset, start + length) };
}

/** The dotted text of an OBJECT IDENTIFIER. */
export function readObjectIdentifier(element: DerElement | undefined): string {
  if (element?.tag !== TAG.objectIdentifier || element.content.length === 0) throw new DerError("expected an object identifier");
  const [first = 0, ...rest] = element.content;
  const arcs = [Math.min(2, Math.floor(first / 40)), first < 80 ? first % 40 : first - 80];
  let arc = 0;
  for (const byte of rest) {
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) {
      arcs.push(arc);
      arc = 0;
    }
  }
  return arcs.join(".");
}

/** The text of any of the string types that names use. */
export function readText(element: DerElement | undefined): string {
  if (element === undefined) throw new DerError("expected text");
  return new TextDecoder("utf-8", { fatal: true }).decode(element.content);
}
