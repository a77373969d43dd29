import { randomInteger, type Random } from "@skiff/base";

/**
 * Chooses free numbers from 0 up to a size. The lower band is only used once the rest is full: it is meant for numbers
 * that people choose themselves (KEP-3070, KEP-3668). Keeps nothing: who holds what, it is told.
 */
export class NumberPool {
  readonly size: number;
  readonly #band: number;
  readonly #random: Random;

  /** `band`: how many of the lowest numbers are spared. */
  constructor(size: number, band: number, random: Random) {
    this.size = size;
    this.#band = band;
    this.#random = random;
  }

  /** A free number, at a random place; `undefined` when there is none. */
  choose(isFree: (number: number) => boolean): number | undefined {
    return this.#chooseFrom(this.#band, this.size, isFree) ?? this.#chooseFrom(0, this.#band, isFree);
  }

  #chooseFrom(start: number, end: number, isFree: (number: number) => boolean): number | undefined {
    const count = end - start;
    if (count <= 0) return undefined;
    const offset = randomInteger(this.#random, count);
    for (let step = 0; step < count; step++) {
      const number = start + ((offset + step) % count);
      if (isFree(number)) return number;
    }
    return undefined;
  }
}

/** How many of `size` numbers are spared: a part of them (`1 / step`), at least 16 and at most `max`; none of very few. */
export function sparedBand(size: number, step: number, max: number): number {
  const min = 16;
  if (size <= min) return 0;
  return Math.min(max, Math.max(min, Math.floor(size / step)));
}
