import { tolerates, untolerated } from "@skiff/api";
import type { Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/rejection.ts";
import { normalizeByMax } from "./normalize.ts";

const NAME = "TaintToleration";
/** Since v1.35 the message names no taint, so that it reads the same for all nodes and fits into an event. */
const UNTOLERATED = unresolvable(NAME, "node(s) had untolerated taint(s)");

/** Filter: nodes with a taint that the Pod does not tolerate. Score: the fewer `PreferNoSchedule` taints the better. */
export const taintToleration: Plugin = {
  name: NAME,
  weight: 3,
  preFilter({ pod }) {
    const tolerations = pod.spec?.tolerations ?? [];
    return {
      filter: {
        filter: ({ taints }) => (taints.length > 0 && untolerated(taints, tolerations) !== undefined ? UNTOLERATED : undefined),
      },
    };
  },
  preScore({ pod }, _snapshot, nodes) {
    // Without such taints all nodes score the same.
    if (nodes.every(({ softTaints }) => softTaints.length === 0)) return "skip";
    const tolerations = (pod.spec?.tolerations ?? []).filter(({ effect }) => !effect || effect === "PreferNoSchedule");
    return {
      score: ({ softTaints }) => softTaints.filter((taint) => !tolerations.some((one) => tolerates(one, taint))).length,
      normalizeScores: (scores) => normalizeByMax(scores, true),
    };
  },
  isRelievedBy(event, { pod }) {
    if (event.resource !== "Node" || event.action === "delete") return false;
    const taints = (event.object.spec?.taints ?? []).filter(({ effect }) => effect !== "PreferNoSchedule");
    return untolerated(taints, pod.spec?.tolerations ?? []) === undefined;
  },
};
