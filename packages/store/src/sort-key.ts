/** UTF-16 code units from here on do not sort as the code points that they stand for. */
const HIGH_UNITS = /[\ud800-\uffff]/;

/**
 * A string whose plain comparison (`<`) orders keys as their UTF-8 bytes would. JavaScript compares UTF-16 code units,
 * and those put the surrogates (code points past U+FFFF) before U+E000 to U+FFFF; moving both blocks mends that.
 * Keys below U+D800, which is nearly all, come back as they are.
 */
export function sortKey(key: string): string {
  if (!HIGH_UNITS.test(key)) return key;
  let mapped = "";
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    if (unit < 0xd800) mapped += key[index];
    else mapped += String.fromCharCode(unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  }
  return mapped;
}

/** The `end` of a range that has no end, as etcd writes it. */
export const OPEN_END = "\0";

/** A set of keys: one, or all from `from` (included) to `to` (excluded, absent: no end), compared by {@link sortKey}. */
export interface KeyRange {
  readonly from: string;
  readonly to: string | undefined;
}

/** The keys that `key` and `end` of a request name. */
export function keyRange(key: string, end: string | undefined): KeyRange {
  const from = sortKey(key);
  // The first key behind one key is that key followed by the lowest character.
  if (end === undefined) return { from, to: `${from}\0` };
  return { from, to: end === OPEN_END ? undefined : sortKey(end) };
}

/** Whether the key with the sort key `sorted` is in `range`. */
export function inRange(range: KeyRange, sorted: string): boolean {
  return sorted >= range.from && (range.to === undefined || sorted < range.to);
}
