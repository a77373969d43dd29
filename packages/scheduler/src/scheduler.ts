import { componentHost, messageOf, type Host, type Timer } from "@skiff/base";
import { isStatus, namespaceKind, podKind } from "@skiff/api";
import { EventRecorder, type Client, type InformerFactory } from "@skiff/client";
import { clusterSynced, watchCluster } from "./cluster-watcher.ts";
import { defaultPlugins, type PluginContext } from "./default-plugins.ts";
import type { ClusterEvent } from "./framework/cluster-event.ts";
import { Framework } from "./framework/framework.ts";
import type { Plugin } from "./framework/plugin.ts";
import type { Rejection } from "./framework/rejection.ts";
import { schedulePod, type Decision } from "./framework/schedule-pod.ts";
import { PodWriter, truncateNote, type Failure } from "./pod-writer.ts";
import { SchedulingQueue, type QueuedPod } from "./queue/scheduling-queue.ts";
import { ASSUMED_TTL_MS, ClusterState } from "./state/cluster-state.ts";
import type { PodInfo } from "./state/pod-info.ts";

/** The profile that Pods get which name none. */
export const DEFAULT_SCHEDULER_NAME = "default-scheduler";
/**
 * Bindings and status writes under way at the same time; when there are so many, no further Pod is tried until one ends.
 * Pods that wait in Permit or PreBind (for a volume, say) do not count: they must not hold up the others.
 */
const MAX_WRITES = 256;
/** Pods that are tried before others may run: about ten milliseconds of work. */
const SLICE = 16;

/** A set of plug-ins under a name that Pods can ask for in `spec.schedulerName`. */
export interface SchedulerProfile {
  readonly schedulerName: string;
  /** Default: {@link defaultPlugins}. */
  readonly plugins?: (context: PluginContext) => readonly Plugin[];
}

/** What a scheduler is made from. */
interface SchedulerOptions {
  readonly host: Host;
  /** Acts as `system:kube-scheduler`. */
  readonly client: Client;
  /** Started and stopped by its owner. */
  readonly informers: InformerFactory;
  /** Reports the events of the profile `default-scheduler`. Default: a recorder of its own. */
  readonly events?: EventRecorder;
  /** Default: `default-scheduler` alone, with the default plug-ins. */
  readonly profiles?: readonly SchedulerProfile[];
}

/** Gives every Pod without a node a node. */
export interface Scheduler {
  /** Begins as soon as the informers have synced; further calls do nothing. */
  start(): void;
  /** Decides nothing any more. Resolves when the bindings under way have ended. */
  stop(): Promise<void>;
}

/** Makes a scheduler; nothing happens before `start`. The informers that it needs are asked for at once. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new InformedScheduler(options);
}

class InformedScheduler implements Scheduler {
  readonly #host: Host;
  readonly #informers: InformerFactory;
  readonly #state: ClusterState;
  readonly #queue: SchedulingQueue;
  readonly #writer: PodWriter;
  readonly #profiles = new Map<string, { readonly framework: Framework; readonly events: EventRecorder }>();
  readonly #ownRecorders: EventRecorder[] = [];
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #writes = 0;
  #onLanding: (() => void) | undefined;
  #unwatch: () => void = () => {};
  #running: Promise<void> | undefined;
  #ready = false;
  #pumping: Promise<void> | undefined;
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor({ host, client, informers, events, profiles }: SchedulerOptions) {
    this.#host = componentHost(host, "scheduler");
    this.#informers = informers;
    const namespaces = informers.informer(namespaceKind);
    this.#state = new ClusterState((name) => namespaces.get(name)?.metadata?.labels);
    this.#writer = new PodWriter(client, this.#host);
    const context: PluginContext = { host: this.#host, client, informers };
    for (const { schedulerName, plugins = defaultPlugins } of profiles ?? [{ schedulerName: DEFAULT_SCHEDULER_NAME }]) {
      const framework = new Framework(schedulerName, plugins(context));
      let recorder = schedulerName === DEFAULT_SCHEDULER_NAME ? events : undefined;
      if (recorder === undefined) {
        recorder = new EventRecorder(client, this.#host, schedulerName);
        this.#ownRecorders.push(recorder);
      }
      this.#profiles.set(schedulerName, { framework, events: recorder });
    }
    const [first] = this.#profiles.values();
    this.#queue = new SchedulingQueue((a, b) => first?.framework.queueSort.compareInQueue(a, b) ?? 0);
    // Asking for them here makes the owner's `informers.synced()` wait for them as well.
    this.#unwatch = watchCluster(informers, this.#state, {
      podWaits: (pod) => this.#podWaits(pod),
      podLeaves: (uid) => this.#queue.remove(uid),
      clusterChanged: (event) => this.#clusterChanged(event),
    });
  }

  start(): void {
    this.#running ??= this.#begin();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("the scheduler was stopped"));
    this.#unwatch();
    this.#timer?.cancel();
    this.#onLanding?.();
    await this.#running;
    await this.#pumping;
    await Promise.all(this.#inFlight);
    await Promise.all(this.#ownRecorders.map((recorder) => recorder.stop()));
  }

  async #begin(): Promise<void> {
    try {
      await clusterSynced(this.#informers, this.#stop.signal);
    } catch {
      return;
    }
    this.#ready = true;
    this.#wake();
  }

  #podWaits(pod: PodInfo): void {
    const profile = this.#profiles.get(pod.pod.spec?.schedulerName ?? DEFAULT_SCHEDULER_NAME);
    if (profile === undefined) return;
    const nominated = pod.pod.status?.nominatedNodeName;
    if (nominated && !this.#state.isAssumed(pod.uid)) this.#state.nominated.set(pod, nominated);
    this.#queue.set(pod, profile.framework, this.#nowMs());
    this.#wake();
  }

  #clusterChanged(event: ClusterEvent): void {
    this.#queue.onEvent(event, this.#nowMs());
    this.#wake();
  }

  #nowMs(): number {
    return this.#host.clock.monotonic();
  }

  #wake(): void {
    if (this.#ready && !this.#stop.signal.aborted) this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    const { clock } = this.#host;
    // Changes come in batches; the whole batch shall be known before the first decision.
    await clock.yield();
    for (let tried = 1; !this.#stop.signal.aborted; tried++) {
      if (this.#writes >= MAX_WRITES) await new Promise<void>((resolve) => (this.#onLanding = resolve));
      if (this.#stop.signal.aborted) break;
      const entry = this.#queue.pop(this.#nowMs());
      if (entry === undefined) break;
      this.#attempt(entry);
      if (tried % SLICE === 0) await clock.yield();
    }
    this.#pumping = undefined;
    this.#state.expire(this.#nowMs());
    this.#setTimer();
  }

  /** Comes back when a pause is over. An earlier timer is good enough: it sets the next one. */
  #setTimer(): void {
    const dueMs = this.#queue.nextDueMs();
    if (dueMs === undefined || this.#stop.signal.aborted || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.min(dueMs - this.#nowMs(), ASSUMED_TTL_MS);
    this.#timer = this.#host.clock.setTimeout(() => {
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      this.#wake();
    }, delayMs);
  }

  #eventsOf(framework: Framework): EventRecorder {
    return this.#profiles.get(framework.schedulerName)!.events;
  }

  /** A mistake of a plug-in concerns the Pod that it was made with, and no other. */
  #attempt(entry: QueuedPod): void {
    try {
      this.#try(entry);
    } catch (error) {
      this.#host.log.error("scheduling a Pod failed", { pod: entry.info.key, error });
      this.#failed(entry, messageOf(error));
    }
  }

  #try(entry: QueuedPod): void {
    const { info, framework } = entry;
    if (this.#state.isAssumed(info.uid)) return;
    if (info.terminating) {
      this.#queue.remove(info.uid);
      const message = `skip schedule deleting pod: ${info.key}`;
      this.#eventsOf(framework).event(podKind, info.pod, "Warning", "FailedScheduling", message);
      return;
    }
    const decision = schedulePod(info, this.#state, framework, this.#host.random);
    this.#state.startIndex = (this.#state.startIndex + decision.evaluatedNodes) % Math.max(1, this.#state.nodes.length);
    if (decision.type === "scheduled") this.#place(entry, decision.nodeName);
    else this.#unschedulable(entry, decision);
  }

  #place(entry: QueuedPod, nodeName: string): void {
    const { info, framework } = entry;
    let refusal: Rejection | undefined;
    for (const plugin of framework.plugins) {
      refusal = plugin.reserve?.(info, nodeName, this.#state);
      if (refusal !== undefined) break;
    }
    if (refusal !== undefined) {
      for (const plugin of framework.plugins.toReversed()) plugin.unreserve?.(info, nodeName);
      const message = `running Reserve plugin "${refusal.plugin}": ${refusal.message}`;
      const rejectedBy = new Set([refusal.plugin]);
      this.#unschedulable(entry, { message, rejectedBy, nomination: undefined, keepsNomination: true });
      return;
    }
    this.#state.assume(info, nodeName);
    this.#track(this.#bind(entry, info, nodeName));
  }

  /** `info` is the Pod as it was decided about; `entry.info` may become a newer one meanwhile. */
  async #bind(entry: QueuedPod, info: PodInfo, nodeName: string): Promise<void> {
    const { framework } = entry;
    const context = { snapshot: this.#state, signal: this.#stop.signal };
    let step = "Permit";
    let name = "";
    try {
      for (const plugin of framework.plugins) {
        name = plugin.name;
        if (plugin.permit !== undefined) await plugin.permit(info, nodeName, context);
      }
      step = "PreBind";
      for (const plugin of framework.plugins) {
        name = plugin.name;
        if (plugin.preBind !== undefined) await plugin.preBind(info, nodeName, context);
      }
      step = "Bind";
      name = framework.bind.name;
      await this.#write(() => framework.bind.bind(info, nodeName, context));
    } catch (error) {
      for (const plugin of framework.plugins.toReversed()) plugin.unreserve?.(info, nodeName);
      const wasAssumed = this.#state.isAssumed(info.uid);
      this.#state.forget(info.uid);
      if (wasAssumed) this.#queue.onEvent({ resource: "AssignedPod", action: "delete", object: info.pod }, this.#nowMs());
      // A Pod that is gone, or that somebody else has bound, leaves the queue when the informer shows it.
      if (!isStatus(error, "NotFound")) this.#failed(entry, `running ${step} plugin "${name}": ${messageOf(error)}`);
      else this.#queue.addFailed(info.uid, this.#nowMs());
      return;
    }
    this.#queue.remove(info.uid);
    this.#state.finishBinding(info.uid, this.#nowMs());
    this.#eventsOf(framework).event(podKind, info.pod, "Normal", "Scheduled", `Successfully assigned ${info.key} to ${nodeName}`);
  }

  #unschedulable(entry: QueuedPod, refusal: Omit<Extract<Decision, { type: "unschedulable" }>, "type" | "evaluatedNodes">): void {
    const { info, framework } = entry;
    const { message, rejectedBy, nomination, keepsNomination } = refusal;
    const events = this.#eventsOf(framework);
    events.event(podKind, info.pod, "Warning", "FailedScheduling", truncateNote(message));
    this.#queue.addUnschedulable(info.uid, rejectedBy, this.#nowMs());
    let nominatedNodeName: string | undefined;
    if (nomination !== undefined) {
      nominatedNodeName = nomination.nodeName;
      for (const other of this.#state.nominated.on(nominatedNodeName).values()) {
        if (other.priority >= info.priority || other.uid === info.uid) continue;
        this.#state.nominated.delete(other.uid);
        this.#track(this.#write(() => this.#writer.clearNomination(other)));
      }
      this.#state.nominated.set(info, nominatedNodeName);
      this.#track(this.#write(() => this.#writer.preempt(info, nomination, events)));
    } else if (!keepsNomination) {
      this.#state.nominated.delete(info.uid);
      nominatedNodeName = "";
    }
    const failure: Failure = { reason: "Unschedulable", message, nominatedNodeName };
    this.#track(this.#write(() => this.#writer.writeFailure(info, failure)));
  }

  #failed(entry: QueuedPod, message: string): void {
    const { info, framework } = entry;
    this.#eventsOf(framework).event(podKind, info.pod, "Warning", "FailedScheduling", truncateNote(message));
    this.#queue.addFailed(info.uid, this.#nowMs());
    const failure: Failure = { reason: "SchedulerError", message, nominatedNodeName: undefined };
    this.#track(this.#write(() => this.#writer.writeFailure(info, failure)));
  }

  /** Counts a request to the API server against {@link MAX_WRITES}. */
  async #write(send: () => Promise<void>): Promise<void> {
    this.#writes++;
    try {
      await send();
    } finally {
      this.#writes--;
      this.#onLanding?.();
    }
  }

  /** Keeps count of work that runs beside the decisions, so that stopping can wait for it. */
  #track(work: Promise<void>): void {
    const landed = work
      .catch((error: unknown) => this.#host.log.error("a write of the scheduler failed", { error }))
      .finally(() => {
        this.#inFlight.delete(landed);
        // A Pod that came back to the queue may be due, and the pump may have gone to sleep.
        this.#wake();
      });
    this.#inFlight.add(landed);
  }
}
