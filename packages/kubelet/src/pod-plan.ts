import type { Pod } from "@skiff/api";
import { allContainers, isSidecar, restartsAfter, type PodContainer } from "./pod-containers.ts";
import type { ProbeView } from "./probe-view.ts";
import { containerHash } from "./runtime-labels.ts";
import { latestContainer, readySandbox, type RuntimeContainer, type RuntimePod } from "./runtime-pod.ts";

/** What is known of a Pod that shall run. */
interface PodObservation {
  readonly pod: Pod;
  readonly runtime: RuntimePod;
  readonly probes: ProbeView;
  /** Ids of containers that are being stopped now. */
  readonly stopping: ReadonlySet<string>;
  /** Ids of containers that were stopped in order to be started again, whatever their exit code was. */
  readonly condemned: ReadonlySet<string>;
}

/** Why a running container is to be stopped; `message` goes into the `Killing` event. */
export interface ContainerStop {
  readonly container: RuntimeContainer;
  readonly spec: PodContainer;
  readonly reason: "specChanged" | "livenessProbe" | "startupProbe" | "resize";
  readonly message: string;
}

/** What to do next for a Pod. Starts are done in order, after the stops have begun. */
export type PodPlan =
  /** Nothing of it shall run any more: all containers have ended for good. */
  | { readonly kind: "finish" }
  /** The sandbox is dead or not fit: end everything in it first. */
  | { readonly kind: "resetSandbox" }
  | { readonly kind: "createSandbox"; readonly attempt: number }
  | { readonly kind: "containers"; readonly start: readonly PodContainer[]; readonly stop: readonly ContainerStop[] };

/** Compares what the Pod asks for with what the runtime has. */
export function planPod(observed: PodObservation): PodPlan {
  const { pod, runtime } = observed;
  const sandbox = readySandbox(runtime);
  const fits = sandbox !== undefined && (pod.spec?.hostNetwork === true || sandbox.ips.length > 0);
  if (!fits) return planWithoutSandbox(observed);
  return planContainers(observed, sandbox.id);
}

function planWithoutSandbox(observed: PodObservation): PodPlan {
  const { pod, runtime } = observed;
  const alive = runtime.containers.some((container) => container.state === "CONTAINER_RUNNING");
  if (alive || runtime.sandboxes.some((sandbox) => sandbox.state === "SANDBOX_READY")) return { kind: "resetSandbox" };
  const [newest] = runtime.sandboxes;
  const ran = newest !== undefined && runtime.containers.length > 0;
  // A Pod that may not restart does not get a second sandbox: its containers could run twice.
  if (ran && pod.spec?.restartPolicy === "Never") return { kind: "finish" };
  const apps = allContainers(pod).filter(({ kind }) => kind === "app");
  if (ran && !apps.some((spec) => wantsStart(observed, spec))) return { kind: "finish" };
  return { kind: "createSandbox", attempt: newest === undefined ? 0 : newest.metadata.attempt + 1 };
}

function planContainers(observed: PodObservation, sandboxId: string): PodPlan {
  const { pod, runtime } = observed;
  const specs = allContainers(pod);
  const apps = specs.filter(({ kind }) => kind === "app");
  const appStarted = apps.some(({ container }) => currentContainer(runtime, sandboxId, container.name) !== undefined);
  const ephemeral = specs.filter(({ kind, container }) => kind === "ephemeral" && latestContainer(runtime, container.name) === undefined);

  const start: PodContainer[] = [...ephemeral];
  const stop: ContainerStop[] = [];
  const init = planInit(
    observed,
    sandboxId,
    specs.filter(({ kind }) => kind === "init"),
    appStarted,
  );
  if (init.failed) return { kind: "finish" };
  start.push(...init.start);
  stop.push(...init.stop);
  if (!init.initialized) return { kind: "containers", start, stop };

  let kept = 0;
  for (const spec of apps) {
    const current = currentContainer(runtime, sandboxId, spec.container.name);
    if (current?.state === "CONTAINER_RUNNING") {
      kept++;
      const reason = stopReason(observed, spec, current);
      if (reason !== undefined) stop.push(reason);
    } else if (wantsStart(observed, spec)) {
      kept++;
      start.push(spec);
    }
  }
  // Sidecars do not keep a Pod going whose app containers have all ended.
  if (kept === 0) return { kind: "finish" };
  return { kind: "containers", start, stop };
}

interface InitPlan {
  readonly initialized: boolean;
  readonly failed: boolean;
  readonly start: readonly PodContainer[];
  readonly stop: readonly ContainerStop[];
}

/** Init containers run one after the other; a sidecar has its turn when it has started, and is kept running from then on. */
function planInit(observed: PodObservation, sandboxId: string, inits: readonly PodContainer[], appStarted: boolean): InitPlan {
  const start: PodContainer[] = [];
  const stop: ContainerStop[] = [];
  const answer = (initialized: boolean, failed = false): InitPlan => ({ initialized, failed, start, stop });
  const currents = inits.map(({ container }) => currentContainer(observed.runtime, sandboxId, container.name));
  // Containers may be collected once they have ended: that a later one was started shows that the earlier ones had succeeded.
  const reached = appStarted ? inits.length : currents.findLastIndex((current) => current !== undefined);

  for (const [index, spec] of inits.entries()) {
    const current = currents[index];
    if (isSidecar(spec.container)) {
      const reason = current?.state === "CONTAINER_RUNNING" ? stopReason(observed, spec, current) : undefined;
      if (reason !== undefined) stop.push(reason);
      if (current?.state !== "CONTAINER_RUNNING") start.push(spec);
      const started = current?.state === "CONTAINER_RUNNING" && observed.probes.started(current.id);
      if (!started && index >= reached) return answer(false);
      continue;
    }
    if (index < reached) continue;
    if (current === undefined) {
      start.push(spec);
      return answer(false);
    }
    if (current.state === "CONTAINER_RUNNING") return answer(false);
    if (current.state === "CONTAINER_EXITED" && current.exitCode === 0) continue;
    if (!wantsStart(observed, spec)) return answer(false, true);
    start.push(spec);
    return answer(false);
  }
  return answer(true);
}

/** True when the container is not running and shall be. */
function wantsStart(observed: PodObservation, spec: PodContainer): boolean {
  const latest = latestContainer(observed.runtime, spec.container.name);
  if (latest === undefined) return true;
  if (latest.state === "CONTAINER_RUNNING") return false;
  // Created and never started, or lost by the runtime: nobody can say that it has done its work.
  if (latest.state !== "CONTAINER_EXITED") return true;
  if (observed.condemned.has(latest.id) && restartsAfter(observed.pod, spec, 137)) return true;
  return restartsAfter(observed.pod, spec, latest.exitCode);
}

function stopReason(observed: PodObservation, spec: PodContainer, container: RuntimeContainer): ContainerStop | undefined {
  if (observed.stopping.has(container.id)) return undefined;
  const { name } = spec.container;
  const willRestart = restartsAfter(observed.pod, spec, 137) ? ", will be restarted" : "";
  if (container.record.hash !== "" && container.record.hash !== containerHash(spec.container)) {
    return { container, spec, reason: "specChanged", message: `Container ${name} definition changed${willRestart}` };
  }
  if (observed.probes.liveness(container.id) === "failure") {
    return { container, spec, reason: "livenessProbe", message: `Container ${name} failed liveness probe${willRestart}` };
  }
  if (observed.probes.startup(container.id) === "failure") {
    return { container, spec, reason: "startupProbe", message: `Container ${name} failed startup probe${willRestart}` };
  }
  return undefined;
}

/** The newest container of that name in the sandbox that counts; those of earlier sandboxes belong to an earlier life of the Pod. */
function currentContainer(runtime: RuntimePod, sandboxId: string, name: string): RuntimeContainer | undefined {
  return runtime.containers.find((container) => container.name === name && container.podSandboxId === sandboxId);
}
