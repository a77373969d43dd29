import { tryParseQuantity, type Pod, type ResourceRequirements } from "@skiff/api";
import type { WaitingReason } from "./container-status.ts";
import { milliCpu, podAmount, wholeUnits } from "./container-resources.ts";
import { allContainers, isSidecar, type PodContainer } from "./pod-containers.ts";
import { latestContainer, type RuntimeContainer, type RuntimePod } from "./runtime-pod.ts";

/** One running container whose resources differ from what its Pod asks for. */
interface ContainerResize {
  readonly container: RuntimeContainer;
  readonly spec: PodContainer;
  readonly resources: ResourceRequirements;
  /** The container asks to be started anew for this kind of change. */
  readonly restart: boolean;
}

/** What is to be done about the resources of a Pod's running containers (KEP-1287). */
interface ResizePlan {
  readonly changes: readonly ContainerResize[];
  /** The node cannot give what is asked for: never (`Infeasible`), or not now (`Deferred`). */
  readonly pending?: WaitingReason;
}

/** `applied`: by container id, what was changed since it was created. */
export function planResize(
  pod: Pod,
  runtime: RuntimePod,
  applied: ReadonlyMap<string, ResourceRequirements>,
  allocatable: Readonly<Record<string, string>>,
  others: readonly Pod[],
): ResizePlan {
  const changes: ContainerResize[] = [];
  for (const spec of allContainers(pod)) {
    if (spec.kind === "ephemeral" || (spec.kind === "init" && !isSidecar(spec.container))) continue;
    const container = latestContainer(runtime, spec.container.name);
    if (container?.state !== "CONTAINER_RUNNING") continue;
    const current = applied.get(container.id) ?? container.record.resources;
    const resources = spec.container.resources ?? {};
    const changed = current === undefined ? [] : ["cpu", "memory"].filter((name) => differs(current, resources, name));
    if (changed.length === 0) continue;
    const restart = changed.some((name) =>
      spec.container.resizePolicy?.some((policy) => policy.resourceName === name && policy.restartPolicy === "RestartContainer"),
    );
    changes.push({ container, spec, resources, restart });
  }
  if (changes.length === 0) return { changes };
  const pending = obstacle(pod, allocatable, others);
  return pending === undefined ? { changes } : { changes: [], pending };
}

function differs(a: ResourceRequirements, b: ResourceRequirements, name: string): boolean {
  const amount = (list: Record<string, string> | undefined): bigint | undefined => tryParseQuantity(list?.[name])?.nano;
  return amount(a.requests) !== amount(b.requests) || amount(a.limits) !== amount(b.limits);
}

function obstacle(pod: Pod, allocatable: Readonly<Record<string, string>>, others: readonly Pod[]): WaitingReason | undefined {
  const reads = { cpu: milliCpu, memory: (list: Record<string, string> | undefined) => wholeUnits(list, "memory") };
  for (const [name, read] of Object.entries(reads)) {
    const requested = podAmount(pod, "requests", read);
    const capacity = read(allocatable);
    if (requested > capacity) {
      const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
      return { reason: "Infeasible", message };
    }
    const used = others.reduce((sum, other) => sum + podAmount(other, "requests", read), 0);
    if (requested > capacity - used) {
      const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
      return { reason: "Deferred", message };
    }
  }
  return undefined;
}
