import { messageOf } from "@skiff/base";
import {
  controllerRevisionKind,
  isStatus,
  persistentVolumeClaimKind,
  podKind,
  statefulSetKind,
  type ControllerRevision,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from "@skiff/api";
import type { Informer } from "@skiff/client";
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
  readsFrom,
  type AnyController,
  type Controller,
  type Outcome,
  type Source,
} from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";
import { deleteRevisions, performRevision, RevisionCollisionError } from "../revisions/controller-revisions.ts";
import { claimOwners } from "./claim-owners.ts";
import { planStatefulSet, wantedOrdinals, type ObservedStatefulSet, type StatefulSetPlan } from "./plan.ts";
import { claimsOf, ordinalOf, podName, statefulPod } from "./stateful-pods.ts";

const OWN_WRITES_RECHECK_MS = 100;

/** Keeps Pods with names and storage of their own, one after the other. */
export function createStatefulSetController(context: ControllerContext): AnyController {
  return new StatefulSetController(context);
}

class StatefulSetController implements Controller<ObservedStatefulSet, StatefulSetPlan> {
  readonly name = "statefulset-controller";
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: ControlledObjects<Pod>;
  readonly #history: ControlledObjects<ControllerRevision>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #ownWrites: OwnWrites;

  constructor(context: ControllerContext) {
    const { informers, host } = context;
    this.#context = context;
    this.#sets = informers.informer(statefulSetKind);
    this.#pods = new ControlledObjects(informers.informer(podKind));
    this.#history = new ControlledObjects(informers.informer(controllerRevisionKind));
    this.#claims = informers.informer(persistentVolumeClaimKind);
    this.#ownWrites = new OwnWrites(host.clock);
    const adopters = adoptersWithLabelSelector(this.#sets);
    this.sources = [
      objectsOf(this.#sets),
      changesOf(this.#pods.informer, (change) => ownerKeys(change, statefulSetKind, adopters)),
      changesOf(this.#history.informer, (change) => ownerKeys(change, statefulSetKind)),
      readsFrom(this.#claims),
    ];
  }

  observe(key: string): ObservedStatefulSet | undefined {
    const set = this.#sets.get(key);
    if (set === undefined) {
      this.#ownWrites.forget(key);
      return undefined;
    }
    const claims = planClaims(set, labelMatcher(set.spec?.selector), this.#pods);
    // Only Pods of the right name can be members, whatever their labels.
    const adopt = claims.adopt.filter((pod) => ordinalOf(set, pod) !== undefined);
    const history = this.#history.of(set.metadata?.uid ?? "");
    return { set, claims: { ...claims, adopt }, history, ownWritesVisible: this.#ownWrites.visible(key) };
  }

  plan(observed: ObservedStatefulSet, nowMs: number): StatefulSetPlan {
    return planStatefulSet(observed, nowMs);
  }

  async perform(plan: StatefulSetPlan, { set, claims, ownWritesVisible }: ObservedStatefulSet, key: string): Promise<Outcome> {
    const { client } = this.#context;
    await performClaims(claims, { client, ownerResource: statefulSetKind, owner: set, resource: podKind });
    if (!(await this.#storeRevision(plan, set))) return {};
    // The revisions must be on record before a Pod is made from them.
    if (plan.status !== undefined) await client.resource(statefulSetKind).updateStatus({ ...set, status: plan.status });
    if (set.metadata?.deletionTimestamp === undefined) await this.#keepClaimOwners(set, claims.owned);
    for (const { ordinal, revision } of plan.create) await this.#create(set, ordinal, revision, key);
    for (const pod of plan.delete) await this.#delete(set, pod, plan.recreated.includes(pod), key);
    await deleteRevisions(client, plan.expired);
    return { requeueAfterMs: ownWritesVisible ? plan.requeueAfterMs : OWN_WRITES_RECHECK_MS };
  }

  async #storeRevision(plan: StatefulSetPlan, set: StatefulSet): Promise<boolean> {
    try {
      await performRevision(this.#context.client, plan.revision);
      return true;
    } catch (error) {
      if (!(error instanceof RevisionCollisionError)) throw error;
      const status = { replicas: 0, ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
      await this.#context.client.resource(statefulSetKind).updateStatus({ ...set, status });
      return false;
    }
  }

  async #create(set: StatefulSet, ordinal: number, revision: ControllerRevision, key: string): Promise<void> {
    const { client, events } = this.#context;
    const name = podName(set, ordinal);
    try {
      for (const claim of claimsOf(set, ordinal)) await this.#ensureClaim(set, claim, name, key);
      const created = await client.resource(podKind).create(statefulPod(set, ordinal, revision));
      this.#ownWrites.wrote(key, this.#pods.informer, created);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const message = `create Pod ${name} in StatefulSet ${set.metadata?.name} failed error: ${messageOf(error)}`;
      events.event(statefulSetKind, set, "Warning", "FailedCreate", message);
      throw error;
    }
    events.event(statefulSetKind, set, "Normal", "SuccessfulCreate", `create Pod ${name} in StatefulSet ${set.metadata?.name} successful`);
  }

  async #ensureClaim(set: StatefulSet, claim: PersistentVolumeClaim, pod: string, key: string): Promise<void> {
    const { client, events } = this.#context;
    const { namespace, name = "" } = claim.metadata ?? {};
    const present = this.#claims.get(`${namespace}/${name}`);
    // A Pod with a claim that is about to vanish would start on storage that goes away under it.
    if (present?.metadata?.deletionTimestamp !== undefined) throw new Error(`claim ${name} of Pod ${pod} is being deleted`);
    if (present !== undefined) return;
    const whenDeleted = claimOwners(set, claim, undefined, true);
    const owned = whenDeleted ? { ...claim, metadata: { ...claim.metadata, ownerReferences: [...whenDeleted] } } : claim;
    try {
      this.#ownWrites.wrote(key, this.#claims, await client.resource(persistentVolumeClaimKind).create(owned));
    } catch (error) {
      if (isStatus(error, "AlreadyExists")) return;
      throw error;
    }
    const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata?.name} success`;
    events.event(statefulSetKind, set, "Normal", "SuccessfulCreate", message);
  }

  async #keepClaimOwners(set: StatefulSet, pods: readonly Pod[]): Promise<void> {
    if ((set.spec?.volumeClaimTemplates ?? []).length === 0) return;
    const { first, end } = wantedOrdinals(set);
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]));
    for (const ordinal of new Set([...byOrdinal.keys(), ...Array.from({ length: end - first }, (_, index) => first + index)])) {
      for (const { metadata } of ordinal < 0 ? [] : claimsOf(set, ordinal)) {
        const claim = this.#claims.get(`${metadata?.namespace}/${metadata?.name}`);
        const owners = claim && claimOwners(set, claim, byOrdinal.get(ordinal), ordinal >= first && ordinal < end);
        if (claim === undefined || owners === undefined) continue;
        await this.#context.client
          .resource(persistentVolumeClaimKind)
          .update({ ...claim, metadata: { ...claim.metadata, ownerReferences: [...owners] } });
      }
    }
  }

  async #delete(set: StatefulSet, pod: Pod, isRecreated: boolean, key: string): Promise<void> {
    const { client, events } = this.#context;
    const { namespace, name = "", uid } = pod.metadata ?? {};
    if (isRecreated) {
      const [reason, what] = pod.status?.phase === "Failed" ? ["RecreatingFailedPod", "failed"] : ["RecreatingTerminatedPod", "terminated"];
      const message = `StatefulSet ${namespace}/${set.metadata?.name} is recreating ${what} Pod ${name}`;
      events.event(statefulSetKind, set, what === "failed" ? "Warning" : "Normal", reason ?? "", message);
    }
    try {
      await client.resource(podKind).delete({ namespace, name }, { preconditions: { uid } });
      this.#ownWrites.deleted(key, this.#pods.informer, pod);
    } catch (error) {
      if (isStatus(error, "NotFound", "Conflict")) return;
      const message = `delete Pod ${name} in StatefulSet ${set.metadata?.name} failed error: ${messageOf(error)}`;
      events.event(statefulSetKind, set, "Warning", "FailedDelete", message);
      throw error;
    }
    events.event(statefulSetKind, set, "Normal", "SuccessfulDelete", `delete Pod ${name} in StatefulSet ${set.metadata?.name} successful`);
  }
}
