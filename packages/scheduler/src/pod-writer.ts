import { formatTime, messageOf, type Host } from "@skiff/base";
import { isStatus, podKind, type Pod, type PodCondition } from "@skiff/api";
import type { Client, EventRecorder } from "@skiff/client";
import type { Nomination } from "./framework/plugin.ts";
import type { PodInfo } from "./state/pod-info.ts";

/** What a failed attempt says about its Pod. */
export interface Failure {
  readonly reason: "Unschedulable" | "SchedulerError";
  readonly message: string;
  /** The node to note in the status; an empty text clears it, `undefined` leaves it. */
  readonly nominatedNodeName: string | undefined;
}

/** Longer notes are cut, as upstream's API for events refuses them. */
const NOTE_LIMIT = 1024;

/** A message that fits into an event. */
export function truncateNote(message: string): string {
  return message.length <= NOTE_LIMIT ? message : `${message.slice(0, NOTE_LIMIT - 4)} ...`;
}

/** Writes what the scheduler has to say about Pods. */
export class PodWriter {
  readonly #client: Client;
  readonly #host: Host;

  constructor(client: Client, host: Host) {
    this.#client = client;
    this.#host = host;
  }

  /** Notes the failure in the Pod's status, unless it stands there already. Errors are logged: the next attempt writes again. */
  async writeFailure({ pod, namespace, name, key }: PodInfo, failure: Failure): Promise<void> {
    const { reason, message, nominatedNodeName } = failure;
    const condition = this.#condition(pod, "PodScheduled", "False", reason, message);
    const isNew = condition !== undefined;
    const moves = nominatedNodeName !== undefined && nominatedNodeName !== (pod.status?.nominatedNodeName ?? "");
    if (!isNew && !moves) return;
    const status = { ...(isNew ? { conditions: [condition] } : {}), ...(moves ? { nominatedNodeName: nominatedNodeName || null } : {}) };
    try {
      await this.#client.resource(podKind).patch({ namespace, name }, { status }, { type: "strategic", subresource: "status" });
    } catch (error) {
      if (!isStatus(error, "NotFound")) this.#host.log.warn("the status of a Pod was not written", { pod: key, error: messageOf(error) });
    }
  }

  /** Ends the victims of a preemption, so that `preemptor` finds room. */
  async preempt(preemptor: PodInfo, { nodeName, victims }: Nomination, events: EventRecorder): Promise<void> {
    await Promise.all(victims.map((victim) => this.#evict(preemptor, victim, nodeName, events)));
  }

  /** Takes back the nominations of Pods that are worth less than the one that now gets the room. */
  async clearNomination({ namespace, name, key }: PodInfo): Promise<void> {
    try {
      const patch = { status: { nominatedNodeName: null } };
      await this.#client.resource(podKind).patch({ namespace, name }, patch, { type: "strategic", subresource: "status" });
    } catch (error) {
      if (!isStatus(error, "NotFound")) this.#host.log.warn("a nomination was not cleared", { pod: key, error: messageOf(error) });
    }
  }

  async #evict(preemptor: PodInfo, victim: PodInfo, nodeName: string, events: EventRecorder): Promise<void> {
    const { namespace, name, uid, pod } = victim;
    if (victim.terminating) return;
    const pods = this.#client.resource(podKind);
    const by = preemptor.pod.spec?.schedulerName ?? "default-scheduler";
    const text = `${by}: preempting to accommodate a higher priority pod`;
    try {
      const condition = this.#condition(pod, "DisruptionTarget", "True", "PreemptionByScheduler", text);
      if (condition !== undefined) {
        const patch = { metadata: { uid }, status: { conditions: [condition] } };
        await pods.patch({ namespace, name }, patch, { type: "strategic", subresource: "status" });
      }
      await pods.delete({ namespace, name }, { preconditions: { uid } });
      events.event(podKind, pod, "Normal", "Preempted", `Preempted by pod ${preemptor.uid} on node ${nodeName}`);
    } catch (error) {
      if (isStatus(error, "NotFound", "Conflict")) return;
      this.#host.log.warn("a Pod was not preempted", { pod: victim.key, error: messageOf(error) });
    }
  }

  /** The condition as it is to be written, or `undefined` when the Pod has it already. */
  #condition(pod: Pod, type: string, status: string, reason: string, message: string): PodCondition | undefined {
    const known = pod.status?.conditions?.find((condition) => condition.type === type);
    if (known?.status === status && known.reason === reason && known.message === message) return undefined;
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : formatTime(this.#host.clock.now());
    const { generation } = pod.metadata ?? {};
    return { type, status, reason, message, lastTransitionTime, ...(generation === undefined ? {} : { observedGeneration: generation }) };
  }
}
