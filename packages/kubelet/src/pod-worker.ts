import { messageOf, parseTime, unreachable, type Timer } from "@skiff/base";
import type { Pod } from "@skiff/api";
import type { WaitingReason } from "./container-status.ts";
import { ActivePod } from "./active-pod.ts";
import { podIdentity } from "./pod-containers.ts";
import { podLogDirectory } from "./pod-directories.ts";
import type { PodParts } from "./pod-parts.ts";
import { asksForPass } from "./pod-change.ts";
import { assertTransition, isEnding, type PodState, type TerminationCause } from "./pod-state.ts";
import { statusOf } from "./pod-status.ts";
import { podCgroup } from "./container-resources.ts";
import { stopPodContainers } from "./pod-stop.ts";
import { isAlive, readRuntimePod, type RuntimePod } from "./runtime-pod.ts";
import { TerminationMessages } from "./termination-messages.ts";

/** After a pass that failed (the runtime does not answer, say) the next one comes after this. */
const RETRY_AFTER_FAILURE_MS = 5000;
/** What is still in use when it is taken down is tried again after this. */
const RETRY_TEARDOWN_MS = 2000;
const DEFAULT_GRACE_SECONDS = 30;

/** What a pass leads to. */
interface Step {
  readonly next: PodState;
  /** When to come back when nothing happens before, in milliseconds; undefined: only when something happens. */
  readonly comeBackMs?: number;
}

/**
 * Looks after one Pod of this node, from its admission until nothing of it is left.
 *
 * Each pass reads what the runtime has, brings it one step nearer to what is wanted, and says when to come back; passes
 * of one Pod never overlap, and none of them waits for time, for an image or for a container to stop.
 */
export class PodWorker {
  readonly uid: string;
  readonly #parts: PodParts;
  readonly #onGone: (worker: PodWorker) => void;
  readonly #messages: TerminationMessages;
  readonly #active: ActivePod;
  readonly #startMs: number;
  #pod: Pod;
  #state: PodState = { name: "Admitting" };
  /** The object is no longer in the API. */
  #removed = false;
  #requested: TerminationCause | undefined;
  /** Monotonic; set when the Pod begins to end, and moved forward when less time is given. */
  #deadlineMs: number | undefined;
  #running = false;
  #dirty = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: PodParts, pod: Pod, onGone: (worker: PodWorker) => void) {
    this.#parts = parts;
    this.#pod = pod;
    this.uid = pod.metadata?.uid ?? "";
    this.#onGone = onGone;
    this.#messages = new TerminationMessages(parts.fileSystem, parts.settings.directories);
    this.#active = new ActivePod(parts, () => this.trigger());
    this.#startMs = parts.host.clock.now();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get state(): PodState {
    return this.#state;
  }

  /** The API shows this version of the Pod. What only echoes our own status asks for no pass. */
  update(pod: Pod): void {
    const matters = asksForPass(this.#pod, pod);
    this.#pod = pod;
    if (matters) this.trigger();
  }

  /** The object is gone from the API: whatever runs of it must end, and every trace goes. */
  remove(): void {
    this.#removed = true;
    this.trigger();
  }

  /** Ends the Pod although the API wants it to run: eviction. Does nothing when it is ending already. */
  fail(reason: string, message: string, graceSeconds?: number): void {
    this.#requested ??= { kind: "failed", reason, message, ...(graceSeconds === undefined ? {} : { graceSeconds }) };
    this.trigger();
  }

  /** Asks for a pass soon. */
  trigger(): void {
    if (this.#stopped) return;
    this.#dirty = true;
    if (!this.#running) void this.#run();
  }

  /** Ends all work on the Pod and leaves it as it is. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Passes until nothing asks for another. Never rejects. */
  async #run(): Promise<void> {
    this.#running = true;
    while (this.#dirty && !this.#stopped) {
      this.#dirty = false;
      this.#timer?.cancel();
      const comeBackMs = await this.#pass();
      if (this.#stopped || comeBackMs === undefined) continue;
      if (comeBackMs <= 0) this.#dirty = true;
      else this.#timer = this.#parts.host.clock.setTimeout(() => this.trigger(), comeBackMs);
    }
    this.#running = false;
  }

  async #pass(): Promise<number | undefined> {
    try {
      const stepping = this.#step();
      // Without a pause where there is none to make: the next Pod that is admitted must already find this one's place taken.
      const step = stepping instanceof Promise ? await stepping : stepping;
      assertTransition(this.#state, step.next);
      const moved = step.next.name !== this.#state.name;
      this.#state = step.next;
      return moved ? 0 : step.comeBackMs;
    } catch (error) {
      const { name, namespace } = podIdentity(this.#pod);
      this.#parts.host.log.warn("a Pod could not be brought forward; trying again", {
        pod: `${namespace}/${name}`,
        error: messageOf(error),
      });
      return RETRY_AFTER_FAILURE_MS;
    }
  }

  #step(): Promise<Step> | Step {
    const state = this.#state;
    switch (state.name) {
      case "Admitting":
        return this.#admit();
      case "Rejected":
        return this.#rejected(state);
      case "Active":
        return this.#keepActive(state);
      case "Terminating":
        return this.#terminate(state);
      case "Terminated":
        return this.#takeDown(state);
      case "Finished":
        return this.#finish(state);
      default:
        return unreachable(state);
    }
  }

  #admit(): Promise<Step> | Step {
    const cause = this.#endCause();
    if (cause !== undefined) return { next: { name: "Terminating", cause } };
    const decision = this.#parts.admit(this.#pod);
    if (decision.admitted) return { next: { name: "Active" } };
    this.#parts.events.pod(this.#pod, "Warning", decision.reason, decision.message);
    return this.#reject(decision.reason, `Pod was rejected: ${decision.message}`);
  }

  /** What the node ran before a restart of the kubelet, and would not take on again as it is now, is ended. */
  async #reject(reason: string, message: string): Promise<Step> {
    const { containers } = await this.#observe();
    if (containers.length === 0) return { next: { name: "Rejected", reason, message } };
    return { next: { name: "Terminating", cause: { kind: "failed", reason, message } } };
  }

  #rejected(state: Extract<PodState, { name: "Rejected" }>): Step {
    if (this.#isDeleted()) return { next: { name: "Terminating", cause: { kind: "deleted" } } };
    this.#publish(state, this.#emptyRuntime(), true);
    return { next: state };
  }

  async #keepActive(state: PodState): Promise<Step> {
    const cause = this.#endCause();
    if (cause !== undefined) return { next: { name: "Terminating", cause } };
    const runtime = await this.#observe();
    const outcome = await this.#active.pass(this.#pod, runtime, (observed) => this.#publish(state, observed, false));
    if (outcome.finished) return { next: { name: "Terminating", cause: { kind: "finished" } } };
    const untilDeadline = this.#untilActiveDeadlineMs();
    return { next: state, comeBackMs: Math.min(outcome.comeBackMs, untilDeadline ?? Number.POSITIVE_INFINITY, this.#parts.resyncMs) };
  }

  async #terminate(state: Extract<PodState, { name: "Terminating" }>): Promise<Step> {
    const { clock } = this.#parts.host;
    // A deletion that comes while the Pod ends for another reason may give it less time.
    const cause: TerminationCause = state.cause.kind !== "failed" && this.#isDeleted() ? { kind: "deleted" } : state.cause;
    const next: PodState = { name: "Terminating", cause };
    const deadlineMs = clock.monotonic() + this.#graceSeconds(cause) * 1000;
    this.#deadlineMs = Math.min(this.#deadlineMs ?? deadlineMs, deadlineMs);
    const runtime = await this.#observe();
    this.#parts.prober.onlyReadiness(this.uid);
    this.#parts.prober.sync(this.#pod, runtime);
    this.#active.cancel();
    const ended = stopPodContainers(this.#parts.stopper, this.#pod, runtime, this.#deadlineMs, (stopped) => {
      if (stopped) this.trigger();
    });
    this.#publish(next, runtime, ended);
    // Stops report back; this only catches those that failed, or were told of by nobody.
    return ended ? { next: { name: "Terminated", cause } } : { next, comeBackMs: RETRY_AFTER_FAILURE_MS };
  }

  async #takeDown(state: Extract<PodState, { name: "Terminated" }>): Promise<Step> {
    const { runtime: cri, volumes, cgroups, prober, images } = this.#parts;
    const runtime = await this.#observe();
    prober.remove(this.uid);
    this.#publish(state, runtime, true);
    for (const sandbox of runtime.sandboxes) if (sandbox.state === "SANDBOX_READY") await cri.stopPodSandbox(sandbox.id);
    this.#publish(state, await this.#observe(), true);
    try {
      await volumes.tearDown(this.uid);
      await cgroups.remove(podCgroup(this.#pod));
    } catch (error) {
      this.#parts.host.log.info("something of a Pod is still in use", { uid: this.uid, error: messageOf(error) });
      return { next: state, comeBackMs: RETRY_TEARDOWN_MS };
    }
    images.forget(this.uid);
    this.#active.forget();
    return { next: { name: "Finished", cause: state.cause } };
  }

  async #finish(state: Extract<PodState, { name: "Finished" }>): Promise<Step> {
    if (!this.#isDeleted()) return { next: state };
    if (!this.#removed) {
      this.#parts.statuses.release(this.#pod);
      return { next: state };
    }
    await this.#removeTraces();
    this.stop();
    this.#parts.statuses.forget(this.uid);
    this.#onGone(this);
    return { next: state };
  }

  /** Containers, sandboxes and logs stay for as long as the object is there: people read logs of Pods that have ended. */
  async #removeTraces(): Promise<void> {
    const { runtime: cri, fileSystem, settings } = this.#parts;
    const runtime = await this.#observe();
    for (const container of runtime.containers) await cri.removeContainer(container.id);
    for (const sandbox of runtime.sandboxes) {
      await cri.stopPodSandbox(sandbox.id);
      await cri.removePodSandbox(sandbox.id);
    }
    await fileSystem.removeTree(podLogDirectory(settings.directories, podIdentity(this.#pod)));
  }

  async #observe(): Promise<RuntimePod> {
    const runtime = await readRuntimePod(this.#parts.runtime, podIdentity(this.#pod));
    await this.#messages.read(this.#pod, runtime);
    return runtime;
  }

  #publish(state: PodState, runtime: RuntimePod, ended: boolean): void {
    if (this.#removed) return;
    const { statuses, host, prober, runtimeName, hostIps } = this.#parts;
    const waiting: ReadonlyMap<string, WaitingReason> = isEnding(state) ? new Map() : this.#active.waiting;
    const status = statusOf({
      pod: this.#pod,
      state,
      runtime,
      ended: ended && !runtime.containers.some(isAlive),
      probes: prober,
      runtimeName: runtimeName(),
      waiting,
      hooked: this.#active.hooked,
      messages: this.#messages.byContainer,
      appliedResources: this.#active.appliedResources,
      resizePending: this.#active.resizePending,
      now: host.clock.now(),
      startMs: this.#startMs,
      hostIps: hostIps(),
    });
    statuses.set(this.#pod, status);
  }

  #emptyRuntime(): RuntimePod {
    return { ...podIdentity(this.#pod), sandboxes: [], containers: [] };
  }

  #isDeleted(): boolean {
    return this.#removed || this.#pod.metadata?.deletionTimestamp !== undefined;
  }

  #endCause(): TerminationCause | undefined {
    if (this.#isDeleted()) return { kind: "deleted" };
    const phase = this.#pod.status?.phase;
    if (phase === "Succeeded" || phase === "Failed") return { kind: "finished" };
    if (this.#requested !== undefined) return this.#requested;
    const untilMs = this.#untilActiveDeadlineMs();
    if (untilMs === undefined || untilMs > 0) return undefined;
    const message = "Pod was active on the node longer than the specified deadline";
    this.#parts.events.pod(this.#pod, "Normal", "DeadlineExceeded", message);
    return { kind: "failed", reason: "DeadlineExceeded", message };
  }

  #untilActiveDeadlineMs(): number | undefined {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined) return undefined;
    const startMs = parseTime(this.#pod.status?.startTime) ?? this.#startMs;
    return startMs + seconds * 1000 - this.#parts.host.clock.now();
  }

  #graceSeconds(cause: TerminationCause): number {
    if (cause.kind === "failed" && cause.graceSeconds !== undefined) return cause.graceSeconds;
    const { metadata, spec } = this.#pod;
    // Nobody waits for a Pod that was deleted by force, but its processes get a moment to see the signal.
    return Math.max(1, metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
  }
}
