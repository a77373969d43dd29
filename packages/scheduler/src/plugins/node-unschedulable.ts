import { tolerates } from "@skiff/api";
import type { Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/rejection.ts";

const NAME = "NodeUnschedulable";
const UNSCHEDULABLE = unresolvable(NAME, "node(s) were unschedulable");
const CORDON_TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Filter: nodes that are cordoned, unless the Pod tolerates that as a taint. */
export const nodeUnschedulable: Plugin = {
  name: NAME,
  preFilter({ pod }) {
    const tolerated = (pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, CORDON_TAINT));
    return tolerated ? "skip" : { filter: { filter: (node) => (node.unschedulable ? UNSCHEDULABLE : undefined) } };
  },
  isRelievedBy: (event) => event.resource === "Node" && event.action !== "delete" && !event.object.spec?.unschedulable,
};
