import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  defaultStorageClass,
  isCompletelyBound,
  isStatus,
  objectKey,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  STORAGE_PROVISIONER,
  storageClassKind,
  storageClassNameOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "@skiff/api";
import type { Informer } from "@skiff/client";
import { changesOf, every, readsFrom, type AnyController, type Controller, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isPodFinished } from "../pods/pod-state.ts";
import { PodsByClaim } from "../pods/pods-by-claim.ts";
import { claimBoundTo, statusBoundTo, unboundVolume, volumeBoundTo } from "./binding.ts";
import { planClaim, type ClaimPlan, type ObservedClaim, type Remark } from "./plan-claim.ts";
import { planVolume, statusInPhase, type ObservedVolume, type VolumePlan } from "./plan-volume.ts";

/** How often claims without a volume are looked at again when nothing wakes them: what they wait for is told anew. */
const RESYNC_MS = 15_000;
const BY_CLASS = "storageClass";
const BY_CLAIM = "claimRef";
const BY_VOLUME = "volumeName";
/** Claims without a volume, by class; the empty text for those without one. */
const UNBOUND = "unbound";
/** All claims without a volume, under the empty text. */
const ALL_UNBOUND = "allUnbound";

type Observed = { readonly of: "claim"; readonly claim: ObservedClaim } | { readonly of: "volume"; readonly volume: ObservedVolume };
type Plan = { readonly of: "claim"; readonly claim: ClaimPlan } | { readonly of: "volume"; readonly volume: VolumePlan };

/**
 * Binds claims and volumes to each other, and keeps their phases. It makes no volumes: provisioners do, for claims that
 * this marks.
 *
 * Keys of claims are `namespace/name`, those of volumes have no slash. Two claims that choose the same volume out of a
 * stale cache meet at the API: every write carries the resource version that the decision was made on.
 */
export function createPersistentVolumeController(context: ControllerContext): AnyController {
  return new PersistentVolumeController(context);
}

class PersistentVolumeController implements Controller<Observed, Plan> {
  readonly name = "persistentvolume-controller";
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #pods: PodsByClaim;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, host } = context;
    this.#claims = informers.informer(persistentVolumeClaimKind);
    this.#volumes = informers.informer(persistentVolumeKind);
    this.#classes = informers.informer(storageClassKind);
    const pods = informers.informer(podKind);
    this.#pods = new PodsByClaim(pods);
    this.#claims.addIndex(BY_VOLUME, ({ spec }) => (spec?.volumeName ? [spec.volumeName] : []));
    this.#claims.addIndex(UNBOUND, (claim) => (isCompletelyBound(claim) ? [] : [storageClassNameOf(claim)]));
    this.#claims.addIndex(ALL_UNBOUND, (claim) => (isCompletelyBound(claim) ? [] : [""]));
    this.#volumes.addIndex(BY_CLASS, (volume) => [storageClassNameOf(volume)]);
    this.#volumes.addIndex(BY_CLAIM, (volume) => claimKeysOf(volume));
    this.sources = [
      changesOf(this.#claims, ({ key, object }) => [key, ...this.#volumesOf(key, object)]),
      changesOf(this.#volumes, ({ object }) => this.#keysOf(object)),
      changesOf(this.#classes, ({ object }) => [...this.#unbound(object.metadata?.name ?? ""), ...this.#unbound("")]),
      readsFrom(pods),
      every(host.clock, RESYNC_MS, () => this.#claims.byIndex(ALL_UNBOUND, "").map((claim) => objectKey(claim))),
    ];
  }

  observe(key: string): Observed | undefined {
    if (!key.includes("/")) {
      const volume = this.#volumes.get(key);
      return volume && { of: "volume", volume: { volume, claim: this.#claimOf(volume) } };
    }
    const claim = this.#claims.get(key);
    if (claim === undefined) return undefined;
    const className = storageClassNameOf(claim);
    return {
      of: "claim",
      claim: {
        claim,
        named: claim.spec?.volumeName ? this.#volumes.get(claim.spec.volumeName) : undefined,
        candidates: [...this.#volumes.byIndex(BY_CLAIM, key), ...this.#volumes.byIndex(BY_CLASS, className)],
        storageClass: this.#classes.get(className),
        defaultClass: defaultStorageClass(this.#classes.list()),
        unscheduledPods: this.#pods
          .of(key)
          .filter((pod) => !pod.spec?.nodeName && !isPodFinished(pod))
          .map(({ metadata }) => metadata?.name ?? ""),
      },
    };
  }

  plan(observed: Observed): Plan {
    return observed.of === "claim"
      ? { of: "claim", claim: planClaim(observed.claim) }
      : { of: "volume", volume: planVolume(observed.volume) };
  }

  async perform(plan: Plan, observed: Observed): Promise<void> {
    if (plan.of === "claim" && observed.of === "claim") await this.#performClaim(plan.claim, observed.claim.claim);
    if (plan.of === "volume" && observed.of === "volume") await this.#performVolume(plan.volume, observed.volume.volume);
  }

  async #performClaim(plan: ClaimPlan, claim: PersistentVolumeClaim): Promise<void> {
    const claims = this.#context.client.resource(persistentVolumeClaimKind);
    switch (plan.kind) {
      case "bind":
        return this.#bind(claim, plan.volume);
      case "setClass":
        await claims.update({ ...claim, spec: { ...claim.spec, storageClassName: plan.className } });
        return;
      case "provision": {
        const { provisioner } = plan;
        const { annotations } = claim.metadata ?? {};
        this.#remark(claim, plan.remark);
        if (annotations?.[STORAGE_PROVISIONER] === provisioner) return;
        const asked = { ...annotations, [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner };
        await claims.update({ ...claim, metadata: { ...claim.metadata, annotations: asked } });
        return;
      }
      case "phase":
        if (claim.status?.phase !== plan.phase) {
          const { accessModes: _modes, capacity: _capacity, ...status } = claim.status ?? {};
          await claims.updateStatus({ ...claim, status: { ...status, phase: plan.phase } });
          // A claim that is lost stays so, and this is said once.
          if (plan.remark !== undefined) this.#remark(claim, plan.remark);
        } else if (plan.phase === "Pending" && plan.remark !== undefined) this.#remark(claim, plan.remark);
    }
  }

  /** Four writes, each of which the next reconcile makes up for if it is missing. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const claims = this.#context.client.resource(persistentVolumeClaimKind);
    const volumes = this.#context.client.resource(persistentVolumeKind);
    const wantedVolume = volumeBoundTo(volume, claim);
    const boundVolume = wantedVolume === undefined ? volume : await volumes.update(wantedVolume);
    if (boundVolume.status?.phase !== "Bound") await volumes.updateStatus({ ...boundVolume, status: statusInPhase("Bound", this.#now()) });
    const wantedClaim = claimBoundTo(claim, boundVolume);
    const boundClaim = wantedClaim === undefined ? claim : await claims.update(wantedClaim);
    const status = statusBoundTo(boundClaim, boundVolume);
    if (status !== undefined) await claims.updateStatus({ ...boundClaim, status });
  }

  async #performVolume(plan: VolumePlan, volume: PersistentVolume): Promise<void> {
    const volumes = this.#context.client.resource(persistentVolumeKind);
    switch (plan.kind) {
      case "nothing":
        if (plan.remark !== undefined) this.#context.events.event(persistentVolumeKind, volume, ...plan.remark);
        return;
      case "phase":
        await volumes.updateStatus({ ...volume, status: statusInPhase(plan.phase, this.#now()) });
        return;
      case "unbind": {
        const unbound = await volumes.update(unboundVolume(volume));
        await volumes.updateStatus({ ...unbound, status: statusInPhase("Available", this.#now()) });
        return;
      }
      case "release": {
        if (await this.#hasClaim(volume)) return;
        const { failure } = plan;
        const status =
          failure === undefined ? statusInPhase("Released", this.#now()) : statusInPhase("Failed", this.#now(), failure.message);
        await volumes.updateStatus({ ...volume, status });
        if (failure !== undefined) this.#context.events.event(persistentVolumeKind, volume, ...failure.remark);
      }
    }
  }

  /** Asks the server itself: the cache may not show a new claim yet, and a volume that is released may be deleted. */
  async #hasClaim(volume: PersistentVolume): Promise<boolean> {
    const { namespace, name = "", uid } = volume.spec?.claimRef ?? {};
    try {
      const claim = await this.#context.client.resource(persistentVolumeClaimKind).get({ namespace, name });
      const hasOther = claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined && claim.spec?.volumeName !== volume.metadata?.name;
      return claim.metadata?.uid === uid && !hasOther;
    } catch (error) {
      if (isStatus(error, "NotFound")) return false;
      throw error;
    }
  }

  #now(): number {
    return this.#context.host.clock.now();
  }

  #remark(claim: PersistentVolumeClaim, remark: Remark): void {
    this.#context.events.event(persistentVolumeClaimKind, claim, ...remark);
  }

  #claimOf(volume: PersistentVolume): PersistentVolumeClaim | undefined {
    const [key] = claimKeysOf(volume);
    const claim = key === undefined ? undefined : this.#claims.get(key);
    const uid = volume.spec?.claimRef?.uid;
    return uid && claim?.metadata?.uid !== uid ? undefined : claim;
  }

  /** Everything that a change of a volume concerns: itself, its claims, and when it is free those that may want it. */
  #keysOf(volume: PersistentVolume): string[] {
    const { name = "" } = volume.metadata ?? {};
    const claims = this.#claims.byIndex(BY_VOLUME, name).map((claim) => objectKey(claim));
    const waiting = volume.spec?.claimRef === undefined ? this.#unbound(storageClassNameOf(volume)) : [];
    return [name, ...claimKeysOf(volume), ...claims, ...waiting];
  }

  #volumesOf(key: string, claim: PersistentVolumeClaim): string[] {
    const names = this.#volumes.byIndex(BY_CLAIM, key).map(({ metadata }) => metadata?.name ?? "");
    return claim.spec?.volumeName ? [...names, claim.spec.volumeName] : names;
  }

  #unbound(className: string): string[] {
    return this.#claims.byIndex(UNBOUND, className).map((claim) => objectKey(claim));
  }
}

function claimKeysOf({ spec }: PersistentVolume): string[] {
  return spec?.claimRef?.name ? [`${spec.claimRef.namespace}/${spec.claimRef.name}`] : [];
}
