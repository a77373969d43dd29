import { messageOf, type Host } from "@skiff/base";
import type { Container, Pod } from "@skiff/api";
import type { ContainerRuntime } from "./container-runtime.ts";
import { runHook, type HookParts } from "./lifecycle-hooks.ts";
import type { PodEvents } from "./pod-events.ts";
import type { RuntimeContainer } from "./runtime-pod.ts";

/** A container always gets this long between the stop signal and the kill, even when its hook has used the time up. */
const MIN_GRACE_SECONDS = 2;

interface Stop {
  /** When the container will be killed at the latest, on the monotonic clock. */
  deadlineMs: number;
  readonly hook: AbortController;
  readonly done: Promise<boolean>;
}

/** What a {@link ContainerStopper} works with. */
interface StopperParts extends HookParts {
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, "execSync" | "stopContainer">;
  readonly events: PodEvents;
}

/** One container to be stopped. */
interface StopRequest {
  readonly pod: Pod;
  /** Undefined when the Pod no longer names it: then there is no hook to run. */
  readonly spec: Container | undefined;
  readonly container: RuntimeContainer;
  readonly podIp: string;
  /** Until when it may take its time, on the monotonic clock. */
  readonly deadlineMs: number;
  /** For the `Killing` event. */
  readonly message: string;
}

/**
 * Stops containers: `preStop` hook, stop signal, kill at the end of the grace period.
 *
 * Guarantees: the hook of a container runs once; asking again with less time shortens what is under way; the callback
 * comes once for each stop, whether or not it succeeded.
 */
export class ContainerStopper {
  readonly #parts: StopperParts;
  readonly #stops = new Map<string, Stop>();

  constructor(parts: StopperParts) {
    this.#parts = parts;
  }

  /** Ids of the containers that are being stopped. */
  get stopping(): ReadonlySet<string> {
    return new Set(this.#stops.keys());
  }

  isStopping(containerId: string): boolean {
    return this.#stops.has(containerId);
  }

  /** Begins to stop a container. Resolves when that is over: true when the runtime has stopped it. Never rejects. */
  stop(request: StopRequest): Promise<boolean> {
    const { deadlineMs } = request;
    const underWay = this.#stops.get(request.container.id);
    if (underWay !== undefined) {
      if (deadlineMs < underWay.deadlineMs) this.#hasten(request.container.id, underWay, deadlineMs);
      return underWay.done;
    }
    const hook = new AbortController();
    const done = this.#run(request, hook).finally(() => this.#stops.delete(request.container.id));
    this.#stops.set(request.container.id, { deadlineMs, hook, done });
    return done;
  }

  #hasten(containerId: string, stop: Stop, deadlineMs: number): void {
    stop.deadlineMs = deadlineMs;
    stop.hook.abort(new Error("the grace period was shortened"));
    this.#parts.runtime.stopContainer(containerId, this.#secondsUntil(deadlineMs)).catch((error: unknown) => {
      this.#parts.host.log.warn("a container could not be stopped sooner", { containerId, error: messageOf(error) });
    });
  }

  async #run(request: StopRequest, hook: AbortController): Promise<boolean> {
    const { host, runtime, events } = this.#parts;
    const { container, pod, spec } = request;
    events.container(pod, { name: container.name }, "Normal", "Killing", request.message);
    let graceSeconds = this.#secondsUntil(request.deadlineMs);
    if (spec?.lifecycle?.preStop !== undefined && graceSeconds > 0) {
      await this.#preStop(request, spec, hook);
      const left = this.#secondsUntil(this.#stops.get(container.id)?.deadlineMs ?? request.deadlineMs);
      graceSeconds = Math.min(graceSeconds, Math.max(MIN_GRACE_SECONDS, left));
    }
    try {
      await runtime.stopContainer(container.id, graceSeconds);
      return true;
    } catch (error) {
      host.log.warn("a container could not be stopped", { containerId: container.id, error: messageOf(error) });
      return false;
    }
  }

  #secondsUntil(deadlineMs: number): number {
    return Math.max(0, Math.ceil((deadlineMs - this.#parts.host.clock.monotonic()) / 1000));
  }

  async #preStop(request: StopRequest, spec: Container, hook: AbortController): Promise<void> {
    const { host, events } = this.#parts;
    const { pod, container, podIp } = request;
    const handler = spec.lifecycle?.preStop;
    if (handler === undefined) return;
    const timer = host.clock.setTimeout(
      () => hook.abort(new Error("the hook did not finish within the grace period")),
      request.deadlineMs - host.clock.monotonic(),
    );
    try {
      await runHook(this.#parts, handler, { pod, container: spec, containerId: container.id, podIp }, hook.signal);
    } catch (error) {
      host.log.info("a preStop hook failed", { container: container.name, error: messageOf(error) });
      events.container(pod, spec, "Warning", "FailedPreStopHook", "PreStopHook failed");
    } finally {
      timer.cancel();
    }
  }
}
