import { randomInteger, type Random } from "./random.ts";

/** The letters of generated names: no vowels and none that look alike, so that no word and no misreading comes out. */
const SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** Every byte as two hexadecimal digits. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A version 4 UUID (RFC 9562), the form of `metadata.uid`. */
export function newUid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  let hex = "";
  for (const byte of bytes) hex += HEX[byte];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** `length` letters that are safe in a name; Kubernetes appends five of them for `generateName`. */
export function nameSuffix(random: Random, length = 5): string {
  let suffix = "";
  for (let index = 0; index < length; index++) suffix += SAFE_LETTERS[randomInteger(random, SAFE_LETTERS.length)];
  return suffix;
}

/**
 * A number written in the letters of generated names. Hashes that become part of a name (`pod-template-hash`) use it.
 */
export function safeEncode(text: string): string {
  return Array.from(text, (letter) => SAFE_LETTERS[letter.charCodeAt(0) % SAFE_LETTERS.length]).join("");
}
