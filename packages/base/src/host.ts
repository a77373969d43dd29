import type { Clock } from "./clock.ts";
import { newUid } from "./ids.ts";
import type { Logger } from "./log.ts";
import type { Random } from "./random.ts";

/** What nearly every part takes in through its constructor: time, randomness and a log. */
export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A new `metadata.uid` from the host's randomness. */
export function hostUid(host: Host): string {
  return newUid(host.random);
}

/** The same host whose log lines carry `component`. */
export function componentHost(host: Host, component: string): Host {
  return { ...host, log: host.log.child({ component }) };
}
