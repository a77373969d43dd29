/** Where all randomness comes from: seeded in tests and simulations, the operating system's otherwise. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded), evenly spread. */
  next(): number;
  /** `length` random bytes. From the system source they are fit for keys. */
  bytes(length: number): Uint8Array;
}

/** A whole number from 0 (included) to `limit` (excluded). */
export function randomInteger(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

/** `baseMs` lengthened by up to `factor` of itself, so that many waiters do not come back at the same moment. */
export function jitter(random: Random, baseMs: number, factor: number): number {
  return baseMs * (1 + random.next() * factor);
}

/**
 * A generator that gives the same sequence for the same seed (the public-domain `sfc32`).
 * For tests and simulations; never for keys.
 */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  let b = (seed ^ 0x9e3779b9) | 0;
  let c = (seed ^ 0x243f6a88) | 0;
  let d = 1;
  const word = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let round = 0; round < 15; round++) word();
  return {
    next: () => word() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => word() & 0xff),
  };
}
