import { messageOf } from "@skiff/base";
import { podKind, replicaSetKind, type KubeObject, type Pod, type ReplicaSet, type ReplicaSetStatus, type Resource } from "@skiff/api";
import type { Informer } from "@skiff/client";
import {
  adoptersBySelector,
  changesOf,
  ControlledObjects,
  controllerOf,
  controllerRefTo,
  labelMatcher,
  objectsOf,
  ownerKeys,
  OwnWrites,
  performClaims,
  planClaims,
  slowStart,
  type Claims,
  type Controller,
  type Outcome,
  type Source,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isPodActive } from "../pods/pod-state.ts";
import { podFromTemplate } from "../pods/pod-from-template.ts";
import { isNamespaceTerminating, PodWriter } from "../pods/pod-writer.ts";
import { planReplicaSet, statusToWrite, type ObservedReplicaSet, type ReplicaFailure, type ReplicaSetPlan } from "./plan.ts";

/** How long to wait for own writes to show up when no change wakes the key earlier. */
const OWN_WRITES_RECHECK_MS = 100;
const SIBLING_INDEX = "controller";

/**
 * A kind that keeps a number of Pods running, seen as a ReplicaSet. ReplicationControllers are the same thing with an older
 * form of selector, so both run on this controller.
 */
interface ReplicaKind<Owner extends KubeObject> {
  readonly resource: Resource<Owner>;
  toReplicaSet(owner: Owner): ReplicaSet;
  withStatus(owner: Owner, status: ReplicaSetStatus): Owner;
}

interface Observed<Owner> extends ObservedReplicaSet {
  readonly owner: Owner;
}

/** Keeps as many Pods running as each ReplicaSet asks for. */
export function createReplicaSetController(context: ControllerContext): Controller<unknown, unknown> {
  return new ReplicaController(context, "replicaset-controller", {
    resource: replicaSetKind,
    toReplicaSet: (replicaSet) => replicaSet,
    withStatus: (replicaSet, status) => ({ ...replicaSet, status }),
  });
}

/** The controller behind ReplicaSets and ReplicationControllers. */
export class ReplicaController<Owner extends KubeObject> implements Controller<Observed<Owner>, ReplicaSetPlan> {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #kind: ReplicaKind<Owner>;
  readonly #owners: Informer<Owner>;
  readonly #pods: ControlledObjects<Pod>;
  readonly #ownWrites: OwnWrites;
  readonly #writer: PodWriter<Owner>;

  constructor(context: ControllerContext, name: string, kind: ReplicaKind<Owner>) {
    this.name = name;
    this.#context = context;
    this.#kind = kind;
    this.#owners = context.informers.informer(kind.resource);
    this.#owners.addIndex(SIBLING_INDEX, (owner) => [controllerOf(owner)?.uid ?? `orphans of ${owner.metadata?.namespace ?? ""}`]);
    this.#pods = new ControlledObjects(context.informers.informer(podKind));
    this.#ownWrites = new OwnWrites(context.host.clock);
    this.#writer = new PodWriter(context, kind.resource, this.#pods.informer, this.#ownWrites);
    const adopters = adoptersBySelector(this.#owners, (owner) => labelMatcher(kind.toReplicaSet(owner).spec?.selector));
    this.sources = [objectsOf(this.#owners), changesOf(this.#pods.informer, (change) => ownerKeys(change, kind.resource, adopters))];
  }

  observe(key: string): Observed<Owner> | undefined {
    const owner = this.#owners.get(key);
    if (owner === undefined) {
      this.#ownWrites.forget(key);
      return undefined;
    }
    const replicaSet = this.#kind.toReplicaSet(owner);
    const selected = labelMatcher(replicaSet.spec?.selector);
    const claims = planClaims<Pod>(owner, selected, this.#pods);
    return {
      owner,
      replicaSet,
      claims,
      relatedPods: this.#relatedPods(owner, replicaSet, claims),
      ownWritesVisible: this.#ownWrites.visible(key),
    };
  }

  weigh({ claims }: Observed<Owner>): number {
    return claims.owned.length;
  }

  plan(observed: Observed<Owner>, nowMs: number): ReplicaSetPlan {
    return planReplicaSet(observed, nowMs);
  }

  async perform(plan: ReplicaSetPlan, observed: Observed<Owner>, key: string): Promise<Outcome> {
    const { owner, replicaSet, claims } = observed;
    const { resource } = this.#kind;
    const adopted = await performClaims(claims, { client: this.#context.client, ownerResource: resource, owner, resource: podKind });
    for (const pod of adopted) this.#ownWrites.wrote(key, this.#pods.informer, pod);
    const error = (await this.#createPods(plan, owner, replicaSet, key)) ?? (await this.#deletePods(plan, owner, key));
    const failure: ReplicaFailure | undefined =
      error === undefined ? undefined : { reason: plan.create > 0 ? "FailedCreate" : "FailedDelete", message: messageOf(error) };
    const status = statusToWrite(replicaSet, plan.status, failure, this.#context.host.clock.now());
    if (status !== undefined) await this.#context.client.resource(resource).updateStatus(this.#kind.withStatus(owner, status));
    if (error !== undefined) throw error as Error;
    if (!observed.ownWritesVisible) return { requeueAfterMs: OWN_WRITES_RECHECK_MS };
    return { requeueAfterMs: plan.isPartial ? 0 : plan.requeueAfterMs };
  }

  async #createPods(plan: ReplicaSetPlan, owner: Owner, replicaSet: ReplicaSet, key: string): Promise<unknown> {
    const { name = "", namespace = "" } = owner.metadata ?? {};
    const reference = controllerRefTo(this.#kind.resource, owner);
    const template = replicaSet.spec?.template ?? {};
    const { error } = await slowStart(plan.create, async () => {
      try {
        await this.#writer.create(owner, key, podFromTemplate(template, { name, namespace }, reference));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    return error;
  }

  async #deletePods(plan: ReplicaSetPlan, owner: Owner, key: string): Promise<unknown> {
    const results = await Promise.allSettled(plan.delete.map((pod) => this.#writer.delete(owner, key, pod)));
    return results.find((result) => result.status === "rejected")?.reason;
  }

  /** Only a ReplicaSet with too many Pods needs to know how its siblings' Pods are spread over the nodes. */
  #relatedPods(owner: Owner, replicaSet: ReplicaSet, claims: Claims<Pod>): readonly Pod[] {
    const count = claims.owned.length + claims.adopt.length;
    if (count <= (replicaSet.spec?.replicas ?? 1)) return [];
    const parent = controllerOf(owner);
    if (parent === undefined) return claims.owned.filter(isPodActive);
    const siblings = this.#owners.byIndex(SIBLING_INDEX, parent.uid);
    return siblings.flatMap((sibling) => this.#pods.of(sibling.metadata?.uid ?? "")).filter(isPodActive);
  }
}
