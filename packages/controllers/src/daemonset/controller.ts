import {
  controllerRevisionKind,
  daemonSetKind,
  nodeKind,
  objectKey,
  podKind,
  semanticEqual,
  type ControllerRevision,
  type DaemonSet,
  type Node,
  type Pod,
} from "@skiff/api";
import type { Informer, InformerChange } from "@skiff/client";
import {
  adoptersWithLabelSelector,
  changesOf,
  ControlledObjects,
  labelMatcher,
  objectsOf,
  ownerKeys,
  OwnWrites,
  performClaims,
  planClaims,
  slowStart,
  type AnyController,
  type Controller,
  type Outcome,
  type Source,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating, PodWriter } from "../pods/pod-writer.ts";
import { deleteRevisions, hashOf, performRevision, RevisionCollisionError } from "../revisions/controller-revisions.ts";
import { daemonPod, nodeOf } from "./daemon-pods.ts";
import { planDaemonSet, type DaemonSetPlan, type ObservedDaemonSet } from "./plan.ts";

const OWN_WRITES_RECHECK_MS = 100;
/** Failures that are older than this are forgotten. */
const FAILURE_MEMORY_MS = 1_800_000;

/** Keeps one Pod of each DaemonSet on every node that should have one. */
export function createDaemonSetController(context: ControllerContext): AnyController {
  return new DaemonSetController(context);
}

class DaemonSetController implements Controller<ObservedDaemonSet, DaemonSetPlan> {
  readonly name = "daemon-set-controller";
  readonly concurrency = 2;
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #daemonSets: Informer<DaemonSet>;
  readonly #nodes: Informer<Node>;
  readonly #pods: ControlledObjects<Pod>;
  readonly #history: ControlledObjects<ControllerRevision>;
  readonly #ownWrites: OwnWrites;
  readonly #writer: PodWriter<DaemonSet>;
  /** By DaemonSet, then by node. */
  readonly #failures = new Map<string, Map<string, { count: number; lastMs: number }>>();

  constructor(context: ControllerContext) {
    const { informers, host } = context;
    this.#context = context;
    this.#daemonSets = informers.informer(daemonSetKind);
    this.#nodes = informers.informer(nodeKind);
    this.#pods = new ControlledObjects(informers.informer(podKind));
    this.#history = new ControlledObjects(informers.informer(controllerRevisionKind));
    this.#ownWrites = new OwnWrites(host.clock);
    this.#writer = new PodWriter(context, daemonSetKind, this.#pods.informer, this.#ownWrites);
    const adopters = adoptersWithLabelSelector(this.#daemonSets);
    this.sources = [
      objectsOf(this.#daemonSets),
      changesOf(this.#pods.informer, (change) => ownerKeys(change, daemonSetKind, adopters)),
      changesOf(this.#history.informer, (change) => ownerKeys(change, daemonSetKind)),
      changesOf(this.#nodes, (change) => (isRelevant(change) ? this.#daemonSets.list().map((daemonSet) => objectKey(daemonSet)) : [])),
    ];
  }

  observe(key: string): ObservedDaemonSet | undefined {
    const daemonSet = this.#daemonSets.get(key);
    if (daemonSet === undefined) {
      this.#ownWrites.forget(key);
      this.#failures.delete(key);
      return undefined;
    }
    return {
      daemonSet,
      claims: planClaims(daemonSet, labelMatcher(daemonSet.spec?.selector), this.#pods),
      history: this.#history.of(daemonSet.metadata?.uid ?? ""),
      nodes: this.#nodes.list(),
      ownWritesVisible: this.#ownWrites.visible(key),
      failures: (nodeName) => this.#failures.get(key)?.get(nodeName),
    };
  }

  weigh({ nodes }: ObservedDaemonSet): number {
    return nodes.length;
  }

  plan(observed: ObservedDaemonSet, nowMs: number): DaemonSetPlan {
    return planDaemonSet(observed, nowMs);
  }

  async perform(plan: DaemonSetPlan, { daemonSet, claims, ownWritesVisible }: ObservedDaemonSet, key: string): Promise<Outcome> {
    const { client, events } = this.#context;
    await performClaims(claims, { client, ownerResource: daemonSetKind, owner: daemonSet, resource: podKind });
    if (!(await this.#storeRevision(plan, daemonSet, key))) return {};
    for (const pod of plan.failed) {
      this.#remember(key, nodeOf(pod) ?? "");
      const message = `Found failed daemon pod ${objectKey(pod)} on node ${nodeOf(pod)}, will try to kill it`;
      events.event(daemonSetKind, daemonSet, "Warning", "FailedDaemonPod", message);
    }
    const hash = hashOf(plan.revision.current);
    const { error } = await slowStart(plan.create.length, async (index) => {
      try {
        await this.#writer.create(daemonSet, key, daemonPod(daemonSet, plan.create[index] ?? "", hash));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    const removals = await Promise.allSettled(plan.delete.map((pod) => this.#writer.delete(daemonSet, key, pod)));
    if (plan.status !== undefined) await client.resource(daemonSetKind).updateStatus({ ...daemonSet, status: plan.status });
    await deleteRevisions(client, plan.expired);
    const failure: unknown = error ?? removals.find((result) => result.status === "rejected")?.reason;
    if (failure !== undefined) throw failure as Error;
    return { requeueAfterMs: ownWritesVisible ? plan.requeueAfterMs : OWN_WRITES_RECHECK_MS };
  }

  /** False when the hash was taken and the DaemonSet now counts one collision more. */
  async #storeRevision(plan: DaemonSetPlan, daemonSet: DaemonSet, key: string): Promise<boolean> {
    try {
      await performRevision(this.#context.client, plan.revision);
      return true;
    } catch (error) {
      if (!(error instanceof RevisionCollisionError)) throw error;
      this.#context.host.log.info("the hash of a revision was taken; trying another", { key });
      const { status } = daemonSet;
      const counts = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0, ...status };
      await this.#context.client
        .resource(daemonSetKind)
        .updateStatus({ ...daemonSet, status: { ...counts, collisionCount: (status?.collisionCount ?? 0) + 1 } });
      return false;
    }
  }

  #remember(key: string, nodeName: string): void {
    let nodes = this.#failures.get(key);
    if (nodes === undefined) this.#failures.set(key, (nodes = new Map()));
    const nowMs = this.#context.host.clock.now();
    const before = nodes.get(nodeName);
    const isRecent = before !== undefined && nowMs - before.lastMs < FAILURE_MEMORY_MS;
    nodes.set(nodeName, { count: isRecent ? before.count + 1 : 1, lastMs: nowMs });
  }
}

/** Nodes report their health all the time; only labels, taints and the switch matter here. */
function isRelevant({ type, object, previous }: InformerChange<Node>): boolean {
  if (type !== "updated") return true;
  return !semanticEqual(object.metadata?.labels, previous?.metadata?.labels) || !semanticEqual(object.spec, previous?.spec);
}
