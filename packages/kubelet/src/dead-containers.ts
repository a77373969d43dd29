import type { ContainerRuntime } from "./container-runtime.ts";
import type { RuntimePod } from "./runtime-pod.ts";

/** Of each container the newest run is kept, and the one before, whose log `kubectl logs --previous` shows. */
const KEPT_RUNS = 2;

/** Removes runs of containers that nobody can ask about any more, and sandboxes that have been replaced. */
export async function collectDeadContainers(
  runtime: Pick<ContainerRuntime, "removeContainer" | "removePodSandbox" | "stopPodSandbox">,
  pod: RuntimePod,
): Promise<void> {
  const seen = new Map<string, number>();
  const kept = new Set<string>();
  for (const container of pod.containers) {
    const runs = (seen.get(container.name) ?? 0) + 1;
    seen.set(container.name, runs);
    if (runs <= KEPT_RUNS || container.state === "CONTAINER_RUNNING") kept.add(container.podSandboxId);
    else await runtime.removeContainer(container.id);
  }
  for (const sandbox of pod.sandboxes.slice(1)) {
    if (sandbox.state === "SANDBOX_READY" || kept.has(sandbox.id)) continue;
    await runtime.stopPodSandbox(sandbox.id);
    await runtime.removePodSandbox(sandbox.id);
  }
}
