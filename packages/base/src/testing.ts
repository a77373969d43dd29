import type { Host } from "./host.ts";
import { silentLogger } from "./log.ts";
import { seededRandom } from "./random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A host for tests: virtual time, randomness from `seed` (default 1), no log. */
export function testHost(seed = 1): Host & { readonly clock: VirtualClock } {
  return { clock: new VirtualClock(), random: seededRandom(seed), log: silentLogger };
}
