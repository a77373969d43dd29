import { messageOf, unreachable } from "@skiff/base";
import type { Pod, ResourceRequirements } from "@skiff/api";
import { containerResources, podCgroup, podResources } from "./container-resources.ts";
import type { Image, PodSandboxConfig } from "./container-runtime.ts";
import type { WaitingReason } from "./container-status.ts";
import { runHook } from "./lifecycle-hooks.ts";
import { describePod, podIdentity, type PodContainer } from "./pod-containers.ts";
import type { NodeSideFields } from "./pod-fields.ts";
import type { PodParts } from "./pod-parts.ts";
import { planPod, type ContainerStop, type PodPlan } from "./pod-plan.ts";
import { planResize } from "./pod-resize.ts";
import { collectDeadContainers } from "./dead-containers.ts";
import { latestContainer, readRuntimePod, readySandbox, type RuntimePod } from "./runtime-pod.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import { StartError } from "./start-error.ts";
import type { VolumesOutcome } from "./volumes/volume-manager.ts";

/** What could not be done is tried again after this, when nothing happens before. */
const RETRY_MS = 10_000;
const DEFAULT_GRACE_SECONDS = 30;
const SHOW_PULL_FAILURE_MS = 5000;

/** What a pass over an active Pod leads to. */
interface ActiveOutcome {
  /** Every container has ended for good. */
  readonly finished: boolean;
  readonly comeBackMs: number;
}

/**
 * Brings a Pod that shall run one pass nearer to what its specification asks for: volumes, sandbox, containers.
 *
 * Pulls, hooks and stops go on between passes; `onProgress` asks for a pass when one of them has ended.
 */
export class ActivePod {
  readonly #parts: PodParts;
  readonly #onProgress: () => void;
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #hooked = new Set<string>();
  readonly #hooks = new AbortController();
  /** Containers that are stopped in order to be started again. */
  readonly #condemned = new Set<string>();
  /** By container id: resources that were changed while it ran. */
  readonly #applied = new Map<string, ResourceRequirements>();
  #resizePending: WaitingReason | undefined;
  #volumeFailures = 0;
  #pod: Pod | undefined;

  constructor(parts: PodParts, onProgress: () => void) {
    this.#parts = parts;
    this.#onProgress = onProgress;
  }

  /** By container name: why it was not started. */
  get waiting(): ReadonlyMap<string, WaitingReason> {
    return this.#waiting;
  }

  /** Ids of containers whose `postStart` hook runs. */
  get hooked(): ReadonlySet<string> {
    return this.#hooked;
  }

  /** By container id: what was changed since it was created. */
  get appliedResources(): ReadonlyMap<string, ResourceRequirements> {
    return this.#applied;
  }

  /** Why a change of resources was not made, if one was asked for. */
  get resizePending(): WaitingReason | undefined {
    return this.#resizePending;
  }

  /** The Pod is being ended: hooks that still run are given up. */
  cancel(): void {
    this.#hooks.abort(new Error("the Pod is being ended"));
  }

  /** Nothing of the Pod is left. */
  forget(): void {
    for (const { container } of this.#specs()) this.#parts.restarts.reset(this.#restartKey(container.name));
  }

  async pass(pod: Pod, before: RuntimePod, publish: (runtime: RuntimePod) => void): Promise<ActiveOutcome> {
    this.#pod = pod;
    this.#parts.prober.sync(pod, before);
    const plan = planPod({
      pod,
      runtime: before,
      probes: this.#parts.prober,
      stopping: this.#parts.stopper.stopping,
      condemned: this.#condemned,
    });
    const isHeldBack = this.#replaces(plan, before);
    if (!isHeldBack) publish(before);
    switch (plan.kind) {
      case "finish":
        return { finished: true, comeBackMs: 0 };
      case "resetSandbox":
        return this.#resetSandbox(before);
      case "createSandbox":
        return this.#createSandbox(pod, plan.attempt, publish);
      case "containers":
        for (const stop of plan.stop) this.#stop(pod, stop, before);
        return this.#runContainers(pod, before, plan, isHeldBack, publish);
      default:
        return unreachable(plan);
    }
  }

  /** The sandbox died, or has no network: nothing in it can go on, and its containers must not run beside their successors. */
  async #resetSandbox(runtime: RuntimePod): Promise<ActiveOutcome> {
    for (const sandbox of runtime.sandboxes) await this.#parts.runtime.stopPodSandbox(sandbox.id);
    for (const container of runtime.containers) {
      if (container.state === "CONTAINER_RUNNING") await this.#parts.runtime.stopContainer(container.id, 0);
    }
    this.#parts.events.pod(this.#pod!, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    return { finished: false, comeBackMs: 0 };
  }

  async #createSandbox(pod: Pod, attempt: number, publish: (runtime: RuntimePod) => void): Promise<ActiveOutcome> {
    const { events, runtime, facts, settings, fileSystem, cgroups } = this.#parts;
    const obstacle = this.#parts.notReady(pod);
    if (obstacle !== undefined) {
      events.pod(pod, "Warning", "NetworkNotReady", `network is not ready: ${obstacle}`);
      return { finished: false, comeBackMs: RETRY_MS };
    }
    await cgroups.ensure(podCgroup(pod), podResources(pod, settings.podPidsLimit));
    const volumes = await this.#volumes(pod, emptyFields(this.#parts));
    if (volumes.problems.length > 0) return { finished: false, comeBackMs: volumes.comeBackMs ?? RETRY_MS };
    try {
      const config = sandboxConfig(pod, attempt, settings, await facts.resolvConf());
      await fileSystem.makeDirectory(config.logDirectory, 0o755);
      await runtime.runPodSandbox(config, await this.#parts.runtimeHandler(pod));
    } catch (error) {
      events.pod(pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${messageOf(error)}`);
      return { finished: false, comeBackMs: RETRY_MS };
    }
    // The containers follow in the same pass: a Pod without trouble is up after one.
    const after = await readRuntimePod(runtime, podIdentity(pod));
    if (readySandbox(after) === undefined) return { finished: false, comeBackMs: RETRY_MS };
    return this.pass(pod, after, publish);
  }

  async #runContainers(
    pod: Pod,
    before: RuntimePod,
    plan: Extract<PodPlan, { kind: "containers" }>,
    isHeldBack: boolean,
    publish: (runtime: RuntimePod) => void,
  ): Promise<ActiveOutcome> {
    // Containers start one after the other, and one whose hook still runs has not started.
    const start = this.#hooked.size > 0 ? [] : plan.start;
    for (const id of this.#condemned) if (!before.containers.some((container) => container.id === id)) this.#condemned.delete(id);
    const wasPending = this.#resizePending?.message;
    const resizeMs = await this.#resize(pod, before);
    if (this.#resizePending?.message !== wasPending) publish(before);
    const fields = fieldsOf(this.#parts, pod, before);
    const volumes = await this.#volumes(pod, fields);
    let comeBackMs = Math.min(
      volumes.comeBackMs ?? Number.POSITIVE_INFINITY,
      plan.stop.length > 0 ? RETRY_MS : Number.POSITIVE_INFINITY,
      resizeMs,
    );
    if (isHeldBack && (start.length === 0 || volumes.problems.length > 0)) publish(before);
    if (start.length > 0 && volumes.problems.length > 0) return { finished: false, comeBackMs };
    let started = false;
    for (const spec of start) {
      const outcome = await this.#startContainer(pod, spec, before, volumes, fields);
      started ||= outcome.started;
      comeBackMs = Math.min(comeBackMs, outcome.comeBackMs);
      if (outcome.blocksOthers) break;
    }
    const after = start.length > 0 ? await readRuntimePod(this.#parts.runtime, podIdentity(pod)) : before;
    if (start.length > 0) {
      await collectDeadContainers(this.#parts.runtime, after);
      this.#parts.prober.sync(pod, after);
      publish(after);
    }
    // What was started may have made room for the next: an init container that ended at once, say.
    return { finished: false, comeBackMs: started ? 0 : comeBackMs };
  }

  /**
   * True when a container that the node has stopped itself starts again at once: as with upstream nobody sees the moment
   * between, in which the Pod would be not ready.
   */
  #replaces(plan: PodPlan, before: RuntimePod): boolean {
    if (plan.kind !== "containers") return false;
    return plan.start.some(({ container }) => this.#condemned.has(latestContainer(before, container.name)?.id ?? ""));
  }

  async #volumes(pod: Pod, fields: NodeSideFields): Promise<VolumesOutcome> {
    const outcome = await this.#parts.volumes.prepare(pod, fields);
    // Each failed attempt is told once, however many passes see it before the next one.
    if (outcome.failures !== this.#volumeFailures) {
      for (const { message } of outcome.problems) this.#parts.events.pod(pod, "Warning", "FailedMount", message);
    }
    this.#volumeFailures = outcome.failures;
    return outcome;
  }

  async #startContainer(
    pod: Pod,
    spec: PodContainer,
    runtime: RuntimePod,
    volumes: VolumesOutcome,
    fields: NodeSideFields,
  ): Promise<{ started: boolean; blocksOthers: boolean; comeBackMs: number }> {
    const { container } = spec;
    const latest = latestContainer(runtime, container.name);
    const sandbox = readySandbox(runtime);
    if (sandbox === undefined) return { started: false, blocksOthers: true, comeBackMs: RETRY_MS };
    const backOffMs = this.#backOff(pod, spec, runtime);
    if (backOffMs > 0) return { started: false, blocksOthers: false, comeBackMs: backOffMs };
    const config = sandboxConfig(pod, sandbox.metadata.attempt, this.#parts.settings, await this.#parts.facts.resolvConf());
    try {
      const image = await this.#image(pod, spec, config);
      if (image === undefined) return { started: false, blocksOthers: true, comeBackMs: Number.POSITIVE_INFINITY };
      const id = await this.#parts.starter.start({
        pod,
        spec,
        runtime,
        sandboxId: sandbox.id,
        sandbox: config,
        image,
        volumes: volumes.ready,
        fields,
        hostsOfNode: pod.spec?.hostNetwork ? await this.#parts.facts.hostsFile() : "",
        restartCount: this.#restartCount(pod, spec, latest?.record.restartCount),
      });
      this.#waiting.delete(container.name);
      const hook = container.lifecycle?.postStart;
      if (hook !== undefined) this.#postStart(pod, spec, id, fields.podIps[0] ?? "");
      return { started: true, blocksOthers: hook !== undefined, comeBackMs: 0 };
    } catch (error) {
      const failure = error instanceof StartError ? error : new StartError("CreateContainerError", messageOf(error), { cause: error });
      this.#waiting.set(container.name, { reason: failure.reason, message: failure.message });
      const imageMs = this.#parts.images.retryAfterMs(pod, container) || RETRY_MS;
      // The failure is shown for a while; then it is shown that the node waits.
      const comeBackMs = failure.reason === "ErrImagePull" ? Math.min(imageMs, SHOW_PULL_FAILURE_MS) : imageMs;
      return { started: false, blocksOthers: false, comeBackMs };
    }
  }

  /** The image of a container, when that and those of its volumes are there. */
  async #image(pod: Pod, { container }: PodContainer, sandbox: PodSandboxConfig): Promise<Image | undefined> {
    const { images, imageVolumes, events } = this.#parts;
    try {
      if (!(await imageVolumes.ready(pod, container, sandbox, this.#onProgress))) return undefined;
      const outcome = await images.ensure(pod, container, sandbox, this.#onProgress);
      if (outcome.state === "present") return outcome.image;
      return undefined;
    } catch (error) {
      if (error instanceof StartError) events.container(pod, container, "Warning", "Failed", `Error: ${error.reason}`);
      throw error;
    }
  }

  /** How long a container that has ended must wait before it runs again; the waiting is told. */
  #backOff(pod: Pod, { container }: PodContainer, runtime: RuntimePod): number {
    const { restarts, events } = this.#parts;
    const ended = latestContainer(runtime, container.name);
    if (ended === undefined || ended.state !== "CONTAINER_EXITED") return 0;
    const key = this.#restartKey(container.name);
    const endedMs = ended.finishedAtNs / 1e6;
    const remainingMs = restarts.remainingMs(key, endedMs);
    if (remainingMs > 0) {
      const message = `back-off ${formatSeconds(restarts.delayMs(key))} restarting failed container=${container.name} pod=${describePod(pod)}`;
      events.container(
        pod,
        container,
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${container.name} in pod ${describePod(pod)}`,
      );
      this.#waiting.set(container.name, { reason: "CrashLoopBackOff", message });
      return remainingMs;
    }
    restarts.next(key, endedMs);
    return 0;
  }

  #restartCount(pod: Pod, { kind, container }: PodContainer, latest: number | undefined): number {
    if (latest !== undefined) return latest + 1;
    // The runtime has forgotten it (the machine was set up anew, say); the API remembers.
    const { status } = pod;
    const list =
      kind === "init" ? status?.initContainerStatuses : kind === "app" ? status?.containerStatuses : status?.ephemeralContainerStatuses;
    const reported = list?.find(({ name }) => name === container.name);
    return reported?.containerID || reported?.lastState?.terminated ? reported.restartCount + 1 : 0;
  }

  #postStart(pod: Pod, { container }: PodContainer, containerId: string, podIp: string): void {
    const handler = container.lifecycle?.postStart;
    if (handler === undefined) return;
    this.#hooked.add(containerId);
    runHook(this.#parts.hooks, handler, { pod, container, containerId, podIp }, this.#hooks.signal)
      .catch((error: unknown) => {
        if (this.#hooks.signal.aborted) return undefined;
        this.#parts.events.container(pod, container, "Warning", "FailedPostStartHook", "PostStartHook failed");
        this.#waiting.set(container.name, { reason: "PostStartHookError", message: messageOf(error) });
        // A container whose hook failed has not started as asked.
        return this.#parts.runtime.stopContainer(containerId, this.#graceSeconds(pod)).catch(() => {});
      })
      .finally(() => {
        this.#hooked.delete(containerId);
        this.#onProgress();
      });
  }

  #stop(pod: Pod, { container, spec, reason, message }: ContainerStop, runtime: RuntimePod): void {
    const probe =
      reason === "livenessProbe" ? spec.container.livenessProbe : reason === "startupProbe" ? spec.container.startupProbe : undefined;
    const graceSeconds = probe?.terminationGracePeriodSeconds ?? this.#graceSeconds(pod);
    const deadlineMs = this.#parts.host.clock.monotonic() + graceSeconds * 1000;
    this.#condemned.add(container.id);
    const podIp = runtime.sandboxes[0]?.ips[0] ?? "";
    // `stop` never rejects; after a failure the next pass tries again.
    void this.#parts.stopper.stop({ pod, spec: spec.container, container, podIp, deadlineMs, message }).then((stopped) => {
      if (stopped) this.#onProgress();
    });
  }

  /** Brings the resources of running containers to what the Pod asks for now. Answers when to come back. */
  async #resize(pod: Pod, runtime: RuntimePod): Promise<number> {
    const decision = planResize(pod, runtime, this.#applied, this.#parts.allocatable(), this.#parts.otherPods(pod));
    this.#resizePending = decision.pending;
    if (decision.pending !== undefined) return RETRY_MS;
    if (decision.changes.length === 0) return Number.POSITIVE_INFINITY;
    const { runtime: cri, cgroups, settings, events } = this.#parts;
    await cgroups.ensure(podCgroup(pod), podResources(pod, settings.podPidsLimit));
    for (const change of decision.changes) {
      const { container, spec, resources } = change;
      if (change.restart) {
        const message = `Container ${spec.container.name} resize requires restart`;
        this.#stop(pod, { container, spec, reason: "resize", message }, runtime);
        continue;
      }
      const linux = containerResources(pod, spec.container, this.#parts.memoryCapacityBytes(), settings.podPidsLimit);
      await cri.updateContainerResources(container.id, linux);
      this.#applied.set(container.id, resources);
    }
    for (const id of this.#applied.keys()) if (!runtime.containers.some((container) => container.id === id)) this.#applied.delete(id);
    const names = decision.changes.map(({ spec }) => spec.container.name);
    events.pod(pod, "Normal", "ResizeCompleted", `Pod resize completed: containers ${names.join(", ")}`);
    return 0;
  }

  #graceSeconds(pod: Pod): number {
    return pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  }

  #restartKey(container: string): string {
    return `${this.#pod?.metadata?.uid}/${container}`;
  }

  #specs(): readonly { readonly container: { readonly name: string } }[] {
    const { initContainers = [], containers = [] } = this.#pod?.spec ?? {};
    return [...initContainers, ...containers].map((container) => ({ container }));
  }
}

function emptyFields(parts: PodParts): NodeSideFields {
  return { podIps: [], hostIps: parts.hostIps(), allocatable: parts.allocatable() };
}

/** What the downward API tells: addresses are known once there is a sandbox. */
function fieldsOf(parts: PodParts, pod: Pod, runtime: RuntimePod): NodeSideFields {
  const podIps = pod.spec?.hostNetwork ? parts.hostIps() : (runtime.sandboxes[0]?.ips ?? []);
  return { ...emptyFields(parts), podIps };
}

/** `10s`, `1m20s`, `5m0s`. */
function formatSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
