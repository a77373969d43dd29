import type { Pod } from "@skiff/api";
import type { Random } from "@skiff/base";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";
import type { Snapshot } from "../state/cluster-state.ts";
import type { ClusterEvent } from "./cluster-event.ts";
import type { Rejection } from "./rejection.ts";

/** The best score of a node after normalisation; the worst is 0. */
export const MAX_NODE_SCORE = 100;

/** A Pod as the queue orders it. */
export interface QueueEntry {
  readonly info: PodInfo;
  /** When it entered the queue this time, monotonic milliseconds. */
  readonly queuedMs: number;
}

/**
 * The Filter extension point, made ready for one Pod by PreFilter. What PreFilter worked out lives in it.
 *
 * `addPod` and `removePod` (upstream's PreFilterExtensions) tell it that another Pod is thought onto or away from a node,
 * for preemption and nominated Pods; each is undone by the other, and `node` has been changed already.
 */
export interface NodeFilter {
  filter(node: NodeInfo): Rejection | undefined;
  addPod?(pod: PodInfo, node: NodeInfo): void;
  removePod?(pod: PodInfo, node: NodeInfo): void;
}

/** What PreFilter answers: nothing to filter for this Pod, a refusal of all nodes, or a filter. */
type PreFilterResult =
  | "skip"
  | Rejection
  | {
      readonly filter: NodeFilter;
      /** Only these nodes can fit; the others are not even looked at. */
      readonly nodeNames?: ReadonlySet<string>;
    };

/** The Score extension point, made ready for one Pod and its feasible nodes by PreScore. */
export interface NodeScorer {
  score(node: NodeInfo): number;
  /** Upstream's NormalizeScore: brings the scores, in order of the nodes, to 0 … 100 in place. Absent when they are there already. */
  normalizeScores?(scores: Float64Array): void;
}

/** What a PostFilter plug-in may look at after no node was found. */
export interface FailedAttempt {
  readonly pod: PodInfo;
  readonly snapshot: Snapshot;
  readonly random: Random;
  /** Why each node was refused. */
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why nodes that are not in {@link rejections} were refused. */
  readonly absent: Rejection | undefined;
  /** Runs all filters of this attempt on the node as it is now. */
  fits(node: NodeInfo): Rejection | undefined;
  /** Thinks the Pod away from its node, or back onto it: the node and all filters. Every change must be undone. */
  removePod(pod: PodInfo, node: NodeInfo): void;
  addPod(pod: PodInfo, node: NodeInfo): void;
}

/** What PostFilter answers. */
export interface PostFilterResult {
  /** Why it could not help; appended to the message of the event. */
  readonly message?: string;
  /** Room can be made here. */
  readonly nomination?: Nomination;
  /** Room that was made before is still being freed, so the Pod's nomination stays as it is. */
  readonly keepsNomination?: boolean;
}

/** Room for a Pod: a node, and the Pods that must go first. */
export interface Nomination {
  readonly nodeName: string;
  readonly victims: readonly PodInfo[];
}

/** The cluster as plug-ins see it at Reserve and later. */
export interface PlacementContext {
  readonly snapshot: Snapshot;
  /** Aborted when the scheduler stops. */
  readonly signal: AbortSignal;
}

/**
 * A scheduling plug-in: any of upstream's extension points, under upstream's names.
 *
 * All methods up to Reserve are synchronous and change nothing outside the plug-in; Permit, PreBind and Bind are
 * asynchronous, run for many Pods at once, and reject to make the Pod wait for another attempt.
 */
export interface Plugin {
  readonly name: string;
  /** How much its scores count. Default 1. */
  readonly weight?: number;
  /** Holds the Pod back from the active queue until its next update. */
  preEnqueue?(pod: Pod): Rejection | undefined;
  /** QueueSort: below zero when `a` goes first. Exactly one plug-in of a profile has it. */
  compareInQueue?(a: QueueEntry, b: QueueEntry): number;
  preFilter?(pod: PodInfo, snapshot: Snapshot): PreFilterResult;
  postFilter?(attempt: FailedAttempt): PostFilterResult;
  preScore?(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeScorer | "skip";
  reserve?(pod: PodInfo, nodeName: string, snapshot: Snapshot): Rejection | undefined;
  /** Undoes {@link reserve}; called also when that was not, or refused. */
  unreserve?(pod: PodInfo, nodeName: string): void;
  permit?(pod: PodInfo, nodeName: string, context: PlacementContext): Promise<void>;
  preBind?(pod: PodInfo, nodeName: string, context: PlacementContext): Promise<void>;
  /** The first plug-in that has it binds. */
  bind?(pod: PodInfo, nodeName: string, context: PlacementContext): Promise<void>;
  /** Upstream's EventsToRegister and QueueingHint: whether a Pod that this plug-in refused is worth another attempt now. */
  isRelievedBy?(event: ClusterEvent, pod: PodInfo): boolean;
}
