import type { Plugin } from "../framework/plugin.ts";
import { unschedulable } from "../framework/rejection.ts";

const NAME = "NodePorts";
const TAKEN = unschedulable(NAME, "node(s) didn't have free ports for the requested pod ports");

/** Filter: nodes on which a port of the node that the Pod asks for is taken. */
export const nodePorts: Plugin = {
  name: NAME,
  preFilter({ hostPorts }) {
    if (hostPorts.length === 0) return "skip";
    return { filter: { filter: ({ ports }) => (hostPorts.some((port) => ports.conflicts(port)) ? TAKEN : undefined) } };
  },
  isRelievedBy: (event) =>
    (event.resource === "Node" && event.action === "add") || (event.resource === "AssignedPod" && event.action === "delete"),
};
