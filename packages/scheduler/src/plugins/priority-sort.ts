import type { Plugin } from "../framework/plugin.ts";

/** QueueSort: the higher priority first, then the one that has waited longer. */
export const prioritySort: Plugin = {
  name: "PrioritySort",
  compareInQueue: (a, b) => b.info.priority - a.info.priority || a.queuedMs - b.queuedMs,
};
