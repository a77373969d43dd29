import type { Random } from "@skiff/base";
import type { ContainerRuntime } from "@skiff/kubelet";
import { matchesPattern } from "./behaviour.ts";

/** A call of the port, or the delivery of an event. */
export type RuntimeOperation = Exclude<keyof ContainerRuntime, "close" | "containerEvents"> | "event";

/** What goes wrong when a fault strikes. */
type FaultEffect =
  /** The call fails. With `performed` its work was done all the same and only the answer is lost. */
  | { readonly kind: "error"; readonly code?: string; readonly message?: string; readonly performed?: boolean }
  /** No answer comes until the deadline of the call; then it fails with `DEADLINE_EXCEEDED`. */
  | { readonly kind: "timeout"; readonly afterMs: number; readonly performed?: boolean }
  /** The call takes longer. */
  | { readonly kind: "delay"; readonly delayMs: number }
  /** The event is not delivered. Only for the operation `event`. */
  | { readonly kind: "lose" };

/** One thing that goes wrong, and when. */
export interface SimulatedFault {
  /** `*`: every call, events not included. */
  readonly operation: RuntimeOperation | "*";
  /** Only calls about this image, or about a container or sandbox with this name; `*` stands for any letters. */
  readonly subject?: string;
  /** From 0 to 1. Default 1. */
  readonly probability?: number;
  /** How many times it strikes before it is spent. Default: without end. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

/** The faults that are set. */
export class FaultPlan {
  readonly #random: Random;
  #faults: { readonly fault: SimulatedFault; left: number }[] = [];

  constructor(random: Random, faults: readonly SimulatedFault[]) {
    this.#random = random;
    for (const fault of faults) this.add(fault);
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  /** Answers a function that takes the fault away again. */
  add(fault: SimulatedFault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#faults.push(entry);
    return () => {
      this.#faults = this.#faults.filter((other) => other !== entry);
    };
  }

  /** The fault that strikes this call, if any; a fault with a limit is used up by one. */
  strike(operation: RuntimeOperation, subject: string): FaultEffect | undefined {
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (fault.operation !== operation && !(fault.operation === "*" && operation !== "event")) continue;
      if (fault.subject !== undefined && !matchesPattern(fault.subject, subject)) continue;
      if (fault.probability !== undefined && this.#random.next() >= fault.probability) continue;
      entry.left--;
      if (entry.left <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
      return fault.effect;
    }
    return undefined;
  }
}
