import { silentLogger, systemClock, systemRandom, type Host } from "@skiff/base";

/** Real time and randomness, without a log. */
export const BENCH_HOST: Host = { clock: systemClock, random: systemRandom, log: silentLogger };
