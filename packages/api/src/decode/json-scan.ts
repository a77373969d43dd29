import { DecodeError } from "./decode-error.ts";

/** What a glance over the text of a JSON document tells. */
interface JsonScan {
  /** How many fields all objects together have, each occurrence counted. */
  readonly fields: number;
  /** A number that `JSON.parse` might change, or whose spelling matters: many digits, a fraction or an exponent. */
  readonly unusualNumbers: boolean;
  /** An escape of half a surrogate pair, which may stand alone. */
  readonly surrogateEscapes: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Digits that every integer below 2^53 can have. */
const SAFE_DIGITS = 15;

/**
 * Reads only the structure of the text, in one pass, and refuses deep nesting before anything recursive sees it. Says
 * nothing about whether the text is JSON; its results hold if it is.
 */
export function scanJson(text: string, maxDepth: number): JsonScan {
  let fields = 0;
  let depth = 0;
  let digits = 0;
  let unusualNumbers = false;
  let surrogateEscapes = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      digits = 0;
      for (index++; index < text.length; index++) {
        const inside = text.charCodeAt(index);
        if (inside === QUOTE) break;
        if (inside === BACKSLASH) {
          index++;
          if (text.charCodeAt(index) === 0x75 && (text.charCodeAt(index + 1) | 0x20) === 0x64) surrogateEscapes = true;
        }
      }
    } else if (code >= 0x30 && code <= 0x39) {
      if (++digits > SAFE_DIGITS) unusualNumbers = true;
    } else {
      if (code === 0x7b || code === 0x5b) {
        if (++depth > maxDepth) throw new DecodeError("exceeded max depth");
      } else if (code === 0x7d || code === 0x5d) depth--;
      else if (code === 0x3a) fields++;
      else if (digits > 0 && (code === 0x2e || (code | 0x20) === 0x65)) unusualNumbers = true;
      digits = 0;
    }
  }
  return { fields, unusualNumbers, surrogateEscapes };
}
