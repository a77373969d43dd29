import { assert } from "@skiff/base";

/** Why a Pod is being ended. */
export type TerminationCause =
  /** The object has a deletion timestamp, or is gone from the API. */
  | { readonly kind: "deleted" }
  /** Every container has ended for good, or the API says so already. */
  | { readonly kind: "finished" }
  /** The node ends it: evicted, past its deadline. The phase becomes `Failed` with this reason. */
  | { readonly kind: "failed"; readonly reason: string; readonly message: string; readonly graceSeconds?: number };

/** Where a Pod stands on this node. Only what cannot be read from CRI and the API is in it. */
export type PodState =
  /** Not looked at yet. */
  | { readonly name: "Admitting" }
  /** The node will not run it; nothing of it was ever made. */
  | { readonly name: "Rejected"; readonly reason: string; readonly message: string }
  /** Volumes, sandbox and containers are kept as the specification asks. */
  | { readonly name: "Active" }
  /** Containers are being stopped, within the grace period. */
  | { readonly name: "Terminating"; readonly cause: TerminationCause }
  /** No container is left alive; sandbox, volumes and control groups are being taken down. */
  | { readonly name: "Terminated"; readonly cause: TerminationCause }
  /** Nothing of it is left on the node. */
  | { readonly name: "Finished"; readonly cause: TerminationCause };

/** The name of a {@link PodState}. */
type PodStateName = PodState["name"];

/** Every way from one state to another. A restart of the kubelet begins at `Admitting`, whatever was before. */
const POD_TRANSITIONS: Readonly<Record<PodStateName, readonly PodStateName[]>> = {
  Admitting: ["Active", "Rejected", "Terminating"],
  Rejected: ["Terminating"],
  Active: ["Terminating"],
  Terminating: ["Terminated"],
  Terminated: ["Finished"],
  Finished: [],
};

/** Checks that `next` may follow `current`; staying is always allowed. */
export function assertTransition(current: PodState, next: PodState): void {
  assert(
    current.name === next.name || POD_TRANSITIONS[current.name].includes(next.name),
    `a Pod cannot go from ${current.name} to ${next.name}`,
  );
}

/** True from the moment that the Pod is being ended. */
export function isEnding(state: PodState): state is Extract<PodState, { cause: TerminationCause }> {
  return state.name === "Terminating" || state.name === "Terminated" || state.name === "Finished";
}
