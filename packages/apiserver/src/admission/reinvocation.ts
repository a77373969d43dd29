import { jsonEquals, type KubeObject } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";

/** What is remembered of one request while its plug-ins run, for those who may have to run a second time. */
interface Reinvocation {
  /** Whether a webhook or policy is to be called now: always the first time, the second time only if others changed the object since. */
  shouldCall(id: string, onceMoreIfNeeded: boolean, object: KubeObject | undefined): boolean;
  /** Notes the call and what the object was after it. */
  called(id: string, object: KubeObject | undefined, changedIt: boolean): void;
}

class ReinvocationState implements Reinvocation {
  isSecondRound = false;
  /** Set as soon as a webhook or policy has changed the object, which the plug-ins before it did not see. */
  changedLate = false;
  readonly #afterCall = new Map<string, KubeObject | undefined>();

  shouldCall(id: string, onceMoreIfNeeded: boolean, object: KubeObject | undefined): boolean {
    if (!this.isSecondRound) return true;
    if (!onceMoreIfNeeded) return false;
    return !this.#afterCall.has(id) || !jsonEquals(this.#afterCall.get(id), object);
  }

  called(id: string, object: KubeObject | undefined, changedIt: boolean): void {
    this.#afterCall.set(id, structuredClone(object));
    this.changedLate ||= changedIt;
  }
}

const states = new WeakMap<AdmissionRequest, ReinvocationState>();

/** Whether a webhook or policy has changed the object: it may have fields now that its kind does not have. */
export function wasChangedByOthers(request: AdmissionRequest): boolean {
  return states.get(request)?.changedLate === true;
}

/** The memory of a request. */
export function reinvocationOf(request: AdmissionRequest): Reinvocation {
  let state = states.get(request);
  if (state === undefined) states.set(request, (state = new ReinvocationState()));
  return state;
}

/**
 * All plug-ins as one. When a webhook or policy has changed the object, the mutating ones run a second time, so that for
 * example a container that a webhook adds gets its token and its limits too. There is never a third time.
 */
export class AdmissionChain implements AdmissionPlugin {
  readonly name = "AdmissionChain";
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    await this.#mutateOnce(request);
    // Nearly no request has a state: only webhooks and policies make one. A WeakMap entry for each would burden the collector.
    const state = states.get(request);
    if (state?.changedLate !== true) return;
    state.isSecondRound = true;
    await this.#mutateOnce(request);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) {
      const pending = plugin.validate?.(request);
      if (pending !== undefined) await pending;
    }
  }

  async #mutateOnce(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) {
      const pending = plugin.mutate?.(request);
      if (pending !== undefined) await pending;
    }
  }
}
