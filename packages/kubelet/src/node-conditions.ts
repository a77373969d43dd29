import type { Node, NodeCondition } from "@skiff/api";
import type { RuntimeStatus } from "./container-runtime.ts";

/** Which resources the node is short of. */
export interface NodePressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pids: boolean;
}

/** What the node's conditions follow from. */
interface NodeConditionInput {
  readonly pressure: NodePressure;
  /** Undefined when the runtime does not answer. */
  readonly runtime: RuntimeStatus | undefined;
  readonly runtimeError?: string;
  readonly plegHealthy: boolean;
}

type Bare = Pick<NodeCondition, "type" | "status" | "reason" | "message">;

/** The conditions of a node, in upstream's order and words. */
export function nodeConditions(input: NodeConditionInput): Bare[] {
  const { memory, disk, pids } = input.pressure;
  return [
    memory
      ? {
          type: "MemoryPressure",
          status: "True",
          reason: "KubeletHasInsufficientMemory",
          message: "kubelet has insufficient memory available",
        }
      : {
          type: "MemoryPressure",
          status: "False",
          reason: "KubeletHasSufficientMemory",
          message: "kubelet has sufficient memory available",
        },
    disk
      ? { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure", message: "kubelet has disk pressure" }
      : { type: "DiskPressure", status: "False", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
    pids
      ? { type: "PIDPressure", status: "True", reason: "KubeletHasInsufficientPID", message: "kubelet has insufficient PID available" }
      : { type: "PIDPressure", status: "False", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
    readyCondition(input),
  ];
}

function readyCondition({ runtime, runtimeError, plegHealthy }: NodeConditionInput): Bare {
  const problems: string[] = [];
  if (runtime === undefined) problems.push(`container runtime is down${runtimeError ? `: ${runtimeError}` : ""}`);
  for (const { type, status, reason, message } of runtime?.conditions ?? []) {
    if (status) continue;
    const what = type === "NetworkReady" ? "container runtime network not ready" : "container runtime not ready";
    problems.push(`${what}: ${type}=false reason:${reason} message:${message}`);
  }
  if (!plegHealthy) problems.push("PLEG is not healthy: pleg was last seen active more than 3m0s ago; threshold is 3m0s");
  if (problems.length === 0) return { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" };
  const message = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  return { type: "Ready", status: "False", reason: "KubeletNotReady", message };
}

/** Puts the conditions into those that the node has: a transition time changes with the status only; foreign conditions stay. */
export function mergeNodeConditions(node: Node | undefined, conditions: readonly Bare[], now: string): NodeCondition[] {
  const before = node?.status?.conditions ?? [];
  const foreign = before.filter(({ type }) => !conditions.some((condition) => condition.type === type));
  const own = conditions.map((condition): NodeCondition => {
    const old = before.find(({ type }) => type === condition.type);
    const lastTransitionTime = old?.status === condition.status ? (old.lastTransitionTime ?? now) : now;
    return { ...condition, lastHeartbeatTime: now, lastTransitionTime };
  });
  return [...foreign, ...own];
}
