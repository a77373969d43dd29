import { parseTime } from "@skiff/base";
import { daemonSetKind, type ControllerRevision, type DaemonSet, type DaemonSetStatus, type Node, type Pod } from "@skiff/api";
import type { Claims } from "@skiff/controller-kit";
import { resolveIntOrPercent } from "../int-or-percent.ts";
import { isPodFinished, isPodReady, msUntilAvailable } from "../pods/pod-state.ts";
import { expiredRevisions, hashOf, planRevision, REVISION_HASH_LABEL, type RevisionPlan } from "../revisions/controller-revisions.ts";
import { sameJson } from "../same-json.ts";
import { judgeNode, nodeOf } from "./daemon-pods.ts";

const BURST = 250;
/** A daemon that failed is replaced after a wait that doubles with each failure on the node. */
const FIRST_BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 900_000;

/** What there is to know about one DaemonSet. */
export interface ObservedDaemonSet {
  readonly daemonSet: DaemonSet;
  readonly claims: Claims<Pod>;
  readonly history: readonly ControllerRevision[];
  readonly nodes: readonly Node[];
  readonly ownWritesVisible: boolean;
  /** How often a daemon failed in a row on a node, and when it failed last. */
  readonly failures: (nodeName: string) => { readonly count: number; readonly lastMs: number } | undefined;
}

/** What to do. */
export interface DaemonSetPlan {
  readonly revision: RevisionPlan;
  readonly delete: readonly Pod[];
  /** Failed ones among them: each counts for the back-off of its node. */
  readonly failed: readonly Pod[];
  /** The nodes that get a Pod. */
  readonly create: readonly string[];
  readonly expired: readonly ControllerRevision[];
  readonly status?: DaemonSetStatus;
  readonly requeueAfterMs?: number;
}

/** One Pod on each node that should have one; roll-outs node by node. */
export function planDaemonSet(observed: ObservedDaemonSet, nowMs: number): DaemonSetPlan {
  return new DaemonStep(observed, nowMs).plan();
}

class DaemonStep {
  readonly #observed: ObservedDaemonSet;
  readonly #daemonSet: DaemonSet;
  readonly #nowMs: number;
  readonly #revision: RevisionPlan;
  readonly #hash: string;
  readonly #byNode = new Map<string, Pod[]>();
  readonly #delete = new Set<Pod>();
  readonly #failed: Pod[] = [];
  readonly #create = new Set<string>();
  #requeueAfterMs: number | undefined;

  constructor(observed: ObservedDaemonSet, nowMs: number) {
    const { daemonSet, claims, history } = observed;
    this.#observed = observed;
    this.#daemonSet = daemonSet;
    this.#nowMs = nowMs;
    this.#revision = planRevision(daemonSetKind, daemonSet, daemonSet.spec?.template, history, daemonSet.status?.collisionCount);
    this.#hash = hashOf(this.#revision.current);
    for (const pod of [...claims.owned, ...claims.adopt]) {
      const node = nodeOf(pod);
      if (node !== undefined) this.#byNode.set(node, [...(this.#byNode.get(node) ?? []), pod]);
    }
  }

  plan(): DaemonSetPlan {
    const { ownWritesVisible, history, claims } = this.#observed;
    const isDeleted = this.#daemonSet.metadata?.deletionTimestamp !== undefined;
    if (ownWritesVisible && !isDeleted) {
      this.#manage();
      if (this.#delete.size === 0 && this.#create.size === 0) this.#roll();
    }
    const status = this.#status();
    const inUse = new Set(claims.owned.map((pod) => pod.metadata?.labels?.[REVISION_HASH_LABEL]));
    const used = history.filter((revision) => inUse.has(hashOf(revision))).map(({ metadata }) => metadata?.name ?? "");
    const kept = new Set([...used, this.#revision.current.metadata?.name ?? ""]);
    return {
      revision: this.#revision,
      delete: [...this.#delete].slice(0, BURST),
      failed: this.#failed,
      create: [...this.#create].slice(0, BURST),
      expired: expiredRevisions(history, kept, this.#daemonSet.spec?.revisionHistoryLimit ?? 10),
      status: sameJson(status, this.#daemonSet.status) ? undefined : status,
      requeueAfterMs: this.#requeueAfterMs,
    };
  }

  #isUpdated(pod: Pod): boolean {
    return pod.metadata?.labels?.[REVISION_HASH_LABEL] === this.#hash;
  }

  #isAvailable(pod: Pod): boolean {
    const waitMs = msUntilAvailable(pod, this.#daemonSet.spec?.minReadySeconds ?? 0, this.#nowMs);
    if (waitMs !== undefined && waitMs > 0) this.#comeBack(waitMs);
    return waitMs === 0;
  }

  #comeBack(ms: number): void {
    this.#requeueAfterMs = Math.min(ms, this.#requeueAfterMs ?? ms);
  }

  /** Pods where there should be some, none where there should not, and one each. */
  #manage(): void {
    for (const node of this.#observed.nodes) {
      const name = node.metadata?.name ?? "";
      const { shouldRun, shouldContinue } = judgeNode(this.#daemonSet, node);
      const pods = this.#byNode.get(name) ?? [];
      if (!shouldContinue) for (const pod of pods) this.#remove(pod);
      else if (pods.length > 0) this.#keepOne(name, pods);
      else if (shouldRun) this.#create.add(name);
    }
    const known = new Set(this.#observed.nodes.map(({ metadata }) => metadata?.name));
    // A Pod that still waits for a node that is gone waits for ever.
    for (const [name, pods] of this.#byNode) if (!known.has(name)) for (const pod of pods) if (!pod.spec?.nodeName) this.#remove(pod);
  }

  #keepOne(nodeName: string, pods: readonly Pod[]): void {
    const running: Pod[] = [];
    for (const pod of pods) {
      if (pod.metadata?.deletionTimestamp !== undefined) continue;
      if (isPodFinished(pod)) this.#replaceFailed(nodeName, pod);
      else running.push(pod);
    }
    if (running.length <= 1) return;
    // During a roll-out with surge the old Pod and its replacement are both wanted until the new one is available.
    const surging = this.#surge() > 0 && running.some((pod) => !this.#isUpdated(pod)) && running.some((pod) => this.#isUpdated(pod));
    const groups = surging ? [running.filter((pod) => this.#isUpdated(pod)), running.filter((pod) => !this.#isUpdated(pod))] : [running];
    for (const group of groups) for (const pod of [...group].sort(byAge).slice(1)) this.#remove(pod);
  }

  #replaceFailed(nodeName: string, pod: Pod): void {
    const failures = this.#observed.failures(nodeName);
    const delayMs = failures === undefined ? 0 : Math.min(FIRST_BACK_OFF_MS * 2 ** (failures.count - 1), LONGEST_BACK_OFF_MS);
    const waitMs = failures === undefined ? 0 : failures.lastMs + delayMs - this.#nowMs;
    if (waitMs > 0) return this.#comeBack(waitMs);
    this.#failed.push(pod);
    this.#remove(pod);
  }

  #remove(pod: Pod): void {
    if (pod.metadata?.deletionTimestamp === undefined) this.#delete.add(pod);
  }

  get #wantedNodes(): readonly Node[] {
    return this.#observed.nodes.filter((node) => judgeNode(this.#daemonSet, node).shouldRun);
  }

  #surge(): number {
    const { maxSurge } = this.#daemonSet.spec?.updateStrategy?.rollingUpdate ?? {};
    return resolveIntOrPercent(maxSurge ?? 0, this.#wantedNodes.length, "up");
  }

  #maxUnavailable(desired: number): number {
    const { maxUnavailable } = this.#daemonSet.spec?.updateStrategy?.rollingUpdate ?? {};
    const resolved = resolveIntOrPercent(maxUnavailable ?? 1, desired, "up");
    return this.#surge() === 0 ? Math.max(1, resolved) : resolved;
  }

  /** Replaces Pods of older revisions, first those that do not work. */
  #roll(): void {
    if ((this.#daemonSet.spec?.updateStrategy?.type ?? "RollingUpdate") !== "RollingUpdate") return;
    const nodes = this.#wantedNodes.map(({ metadata }) => metadata?.name ?? "");
    if (this.#surge() > 0) return this.#rollWithSurge(nodes);
    let unavailable = 0;
    const broken: Pod[] = [];
    const working: Pod[] = [];
    for (const name of nodes) {
      const pods = (this.#byNode.get(name) ?? []).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      const [pod] = pods;
      if (pod === undefined || !this.#isAvailable(pod)) unavailable++;
      if (pod === undefined || this.#isUpdated(pod)) continue;
      (this.#isAvailable(pod) ? working : broken).push(pod);
    }
    for (const pod of broken) this.#remove(pod);
    const room = Math.max(0, this.#maxUnavailable(nodes.length) - unavailable);
    for (const pod of working.sort(byAge).slice(0, room)) this.#remove(pod);
  }

  #rollWithSurge(nodes: readonly string[]): void {
    let surging = 0;
    const waiting: string[] = [];
    for (const name of nodes) {
      const pods = (this.#byNode.get(name) ?? []).filter((pod) => pod.metadata?.deletionTimestamp === undefined && !isPodFinished(pod));
      const updated = pods.find((pod) => this.#isUpdated(pod));
      const old = pods.find((pod) => !this.#isUpdated(pod));
      if (old === undefined) continue;
      if (updated === undefined) {
        // A Pod that does not work anyway needs no replacement beside it.
        if (this.#isAvailable(old)) waiting.push(name);
        else this.#remove(old);
      } else if (this.#isAvailable(updated)) this.#remove(old);
      else surging++;
    }
    for (const name of waiting.slice(0, Math.max(0, this.#surge() - surging))) this.#create.add(name);
  }

  #status(): DaemonSetStatus {
    let [desired, current, misscheduled, ready, updated, available] = [0, 0, 0, 0, 0, 0];
    for (const node of this.#observed.nodes) {
      const pods = this.#byNode.get(node.metadata?.name ?? "") ?? [];
      const { shouldRun } = judgeNode(this.#daemonSet, node);
      if (!shouldRun) {
        if (pods.length > 0) misscheduled++;
        continue;
      }
      desired++;
      const [pod] = [...pods].sort(byAge).sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
      if (pod === undefined) continue;
      current++;
      if (isPodReady(pod)) ready++;
      if (isPodReady(pod) && this.#isAvailable(pod)) available++;
      if (this.#isUpdated(pod)) updated++;
    }
    const { collisionCount, conditions } = this.#daemonSet.status ?? {};
    const present = (name: keyof DaemonSetStatus, value: number): Partial<DaemonSetStatus> => (value > 0 ? { [name]: value } : {});
    return {
      currentNumberScheduled: current,
      desiredNumberScheduled: desired,
      numberMisscheduled: misscheduled,
      numberReady: ready,
      observedGeneration: this.#daemonSet.metadata?.generation,
      ...present("updatedNumberScheduled", updated),
      ...present("numberAvailable", available),
      ...present("numberUnavailable", desired - available),
      ...(collisionCount === undefined ? {} : { collisionCount }),
      ...(conditions === undefined ? {} : { conditions }),
    };
  }
}

function byAge(a: Pod, b: Pod): number {
  const at = (pod: Pod): number => parseTime(pod.metadata?.creationTimestamp) ?? 0;
  return at(a) - at(b) || ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1);
}
