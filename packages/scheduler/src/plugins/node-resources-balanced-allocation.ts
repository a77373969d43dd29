import { MAX_NODE_SCORE, type Plugin } from "../framework/plugin.ts";

/** Score: nodes whose CPU and memory would be used to a similar share. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  preScore({ requests }) {
    // A Pod that asks for nothing changes no balance.
    if (requests.milliCpu === 0 && requests.memory === 0) return "skip";
    return {
      score({ allocatable, milliCpu, memory }) {
        const cpu = allocatable.milliCpu === 0 ? undefined : Math.min(1, (milliCpu + requests.milliCpu) / allocatable.milliCpu);
        const ram = allocatable.memory === 0 ? undefined : Math.min(1, (memory + requests.memory) / allocatable.memory);
        // The standard deviation of two shares is half their distance.
        const deviation = cpu === undefined || ram === undefined ? 0 : Math.abs(cpu - ram) / 2;
        return Math.floor((1 - deviation) * MAX_NODE_SCORE);
      },
    };
  },
};
