import { randomBytes } from "node:crypto";
import type { Random } from "./random.ts";

/** The operating system's randomness. For composition roots only; everything else is given a {@link Random}. */
export const systemRandom: Random = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
