import { unresolvable } from "../framework/rejection.ts";
import type { Plugin } from "../framework/plugin.ts";

const NAME = "SchedulingGates";

/** PreEnqueue: a Pod with gates waits until all are taken away (KEP-3521). */
export const schedulingGates: Plugin = {
  name: NAME,
  preEnqueue(pod) {
    const gates = pod.spec?.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return unresolvable(NAME, `waiting for scheduling gates: [${gates.map(({ name }) => name).join(" ")}]`);
  },
};
