import { randomFillSync } from "node:crypto";
import type { Random } from "./random.ts";

/** How many bytes are fetched at a time. A call to the system costs about as much for 6 bytes as for this many. */
const POOL_BYTES = 4096;

const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** The next `length` bytes of the pool, where their place in it starts. Every byte is handed out once. */
function take(length: number): number {
  if (used + length > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += length;
  return start;
}

/** The operating system's randomness. For composition roots only; everything else is given a {@link Random}. */
export const systemRandom: Random = {
  next: () => pool.readUIntBE(take(6), 6) / 2 ** 48,
  bytes(length) {
    if (length > POOL_BYTES) return randomFillSync(new Uint8Array(length));
    const start = take(length);
    const bytes = Uint8Array.from(pool.subarray(start, start + length));
    // These bytes may become a key: nothing that reads the pool later may find them.
    pool.fill(0, start, start + length);
    return bytes;
  },
};
