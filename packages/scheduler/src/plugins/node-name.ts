import type { Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/rejection.ts";

const NAME = "NodeName";
const OTHER_NODE = unresolvable(NAME, "node(s) didn't match the requested node name");

/** Filter: only the node that the Pod names. */
export const nodeName: Plugin = {
  name: NAME,
  preFilter({ pod }) {
    const wanted = pod.spec?.nodeName;
    return wanted ? { filter: { filter: (node) => (node.name === wanted ? undefined : OTHER_NODE) } } : "skip";
  },
  isRelievedBy: (event) => event.resource === "Node" && event.action === "add",
};
