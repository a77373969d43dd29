import type { Pod } from "@skiff/api";
import type { ContainerStopper } from "./container-stopper.ts";
import { findContainer, isSidecar } from "./pod-containers.ts";
import { isAlive, type RuntimeContainer, type RuntimePod } from "./runtime-pod.ts";

/**
 * Stops every container of a Pod that is alive: app and ephemeral containers at once, sidecars only when those have
 * ended, in the opposite order of their start (KEP-753). The grace period is for all together: `deadlineMs` on the
 * monotonic clock.
 *
 * Called at every pass while the Pod is being ended; answers true when nothing is alive any more.
 */
export function stopPodContainers(
  stopper: ContainerStopper,
  pod: Pod,
  runtime: RuntimePod,
  deadlineMs: number,
  onStopped: (stopped: boolean) => void,
): boolean {
  const alive = runtime.containers.filter(isAlive);
  if (alive.length === 0) return true;
  const podIp = runtime.sandboxes[0]?.ips[0] ?? "";
  const stop = (container: RuntimeContainer): void => {
    if (stopper.isStopping(container.id)) {
      void stopper.stop({ pod, spec: undefined, container, podIp, deadlineMs, message: "" });
      return;
    }
    const spec = findContainer(pod, container.name)?.container;
    // `stop` never rejects: what goes wrong shows at the next pass, because the container is still alive.
    void stopper.stop({ pod, spec, container, podIp, deadlineMs, message: `Stopping container ${container.name}` }).then(onStopped);
  };
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const apps = alive.filter(({ name }) => !sidecars.includes(name));
  for (const container of apps) stop(container);
  if (apps.length > 0) return false;
  const last = sidecars.findLast((name) => alive.some((container) => container.name === name));
  for (const container of alive.filter(({ name }) => name === last)) stop(container);
  return false;
}
