import { messageOf, sleep, type Host } from "@skiff/base";
import { isStatus, podKind, type Pod, type PodStatus } from "@skiff/api";
import type { Client } from "@skiff/client";
import { isOlder } from "./object-version.ts";
import { statusPatch } from "./status-patch.ts";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;

interface Tracked {
  /** As the API showed it last: what patches are made against. */
  pod: Pod;
  wanted: PodStatus | undefined;
  /** Nothing of the Pod is left: its object goes once the last status is there. */
  release: boolean;
  sending: boolean;
}

/**
 * Tells the API what has become of Pods.
 *
 * Guarantees: statuses of one Pod arrive in order, the last one always unless the Pod is gone; a phase that ends a Pod is
 * never taken back; nothing is sent when nothing has changed; an object is deleted after its last status, and only if it
 * is still the same Pod.
 */
export class StatusManager {
  readonly #client: Client;
  readonly #host: Host;
  readonly #pods = new Map<string, Tracked>();
  readonly #stop = new AbortController();

  constructor(client: Client, host: Host) {
    this.#client = client;
    this.#host = host;
  }

  /** The status that the API shall have, if any was set. */
  get(uid: string): PodStatus | undefined {
    return this.#pods.get(uid)?.wanted;
  }

  /** The API shows this object now. */
  observe(pod: Pod): void {
    const tracked = this.#track(pod);
    if (!isOlder(pod, tracked.pod)) tracked.pod = pod;
    // Someone may have overwritten what we said.
    if (tracked.wanted !== undefined) this.#send(tracked);
  }

  /** Wants `status` to be in the API. */
  set(pod: Pod, status: PodStatus): void {
    const tracked = this.#track(pod);
    const before = tracked.wanted?.phase ?? tracked.pod.status?.phase;
    const isOver = before === "Succeeded" || before === "Failed";
    tracked.wanted = isOver && status.phase !== before ? { ...status, phase: before } : status;
    this.#send(tracked);
  }

  /** Lets the object go: it has a deletion timestamp and nothing of it is left on this node. */
  release(pod: Pod): void {
    const tracked = this.#track(pod);
    tracked.release = true;
    this.#send(tracked);
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#pods.delete(uid);
  }

  stop(): void {
    this.#stop.abort(new Error("the kubelet was stopped"));
  }

  #track(pod: Pod): Tracked {
    const uid = pod.metadata?.uid ?? "";
    let tracked = this.#pods.get(uid);
    if (tracked === undefined) {
      tracked = { pod, wanted: undefined, release: false, sending: false };
      this.#pods.set(uid, tracked);
    }
    return tracked;
  }

  #send(tracked: Tracked): void {
    if (tracked.sending || this.#stop.signal.aborted) return;
    tracked.sending = true;
    // A pass that takes no time sets a status twice; sending after it makes one patch of both.
    this.#host.clock.setTimeout(() => void this.#sendAll(tracked), 0);
  }

  /** Sends until nothing is left to say. Never rejects. */
  async #sendAll(tracked: Tracked): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    const { signal } = this.#stop;
    for (let write = this.#nextWrite(tracked); write !== undefined; write = this.#nextWrite(tracked)) {
      try {
        await write();
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (isStatus(error, "NotFound", "Conflict") && this.#isGone(tracked, error)) break;
        this.#host.log.warn("the status of a Pod could not be written; trying again", {
          pod: `${tracked.pod.metadata?.namespace}/${tracked.pod.metadata?.name}`,
          error: messageOf(error),
        });
        await sleep(this.#host.clock, retryMs, signal).catch(() => {});
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
      }
    }
    // In the turn in which there was nothing left to write: what is set from here on begins anew.
    tracked.sending = false;
  }

  /** Another Pod has the name now, or none has: there is nobody to tell. */
  #isGone(tracked: Tracked, error: unknown): boolean {
    if (isStatus(error, "NotFound")) tracked.wanted = undefined;
    return true;
  }

  /** The write that is due now, if one is. */
  #nextWrite(tracked: Tracked): (() => Promise<void>) | undefined {
    const { pod, wanted } = tracked;
    const { namespace, name = "", uid = "" } = pod.metadata ?? {};
    if (this.#stop.signal.aborted || this.#pods.get(uid) !== tracked) return undefined;
    const patch = wanted === undefined ? undefined : statusPatch(pod, wanted);
    if (patch !== undefined) {
      return async () => {
        const pods = this.#client.resource(podKind);
        const answer = await pods.patch({ namespace, name }, patch, { type: "strategic", subresource: "status" });
        if (!isOlder(answer, tracked.pod)) tracked.pod = answer;
      };
    }
    if (!tracked.release || pod.metadata?.deletionTimestamp === undefined) return undefined;
    return async () => {
      tracked.release = false;
      await this.#delete(tracked);
    };
  }

  async #delete(tracked: Tracked): Promise<void> {
    const { namespace, name = "", uid } = tracked.pod.metadata ?? {};
    try {
      await this.#client.resource(podKind).delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (isStatus(error, "NotFound", "Conflict")) return;
      tracked.release = true;
      throw error;
    }
  }
}
