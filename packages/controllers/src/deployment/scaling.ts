import type { Deployment, ReplicaSet } from "@skiff/api";
import { resolveIntOrPercent } from "../int-or-percent.ts";
import { byAge, DESIRED_REPLICAS, MAX_REPLICAS } from "./revision.ts";

/** The ReplicaSets of a Deployment, told apart by whether they have its present template. */
export interface ReplicaSets {
  readonly newOne: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

/** New sizes by ReplicaSet. A ReplicaSet that is not in it keeps its size. */
export type Sizes = ReadonlyMap<ReplicaSet, number>;

export function sizeOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec?.replicas ?? 1;
}

export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

/** All ReplicaSets, the new one last. */
export function allOf({ newOne, old }: ReplicaSets): readonly ReplicaSet[] {
  return newOne === undefined ? old : [...old, newOne];
}

function sum(replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number): number {
  return replicaSets.reduce((total, replicaSet) => total + count(replicaSet), 0);
}

export function totalSize(replicaSets: readonly ReplicaSet[]): number {
  return sum(replicaSets, sizeOf);
}

const availableOf = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;
const isActive = (replicaSet: ReplicaSet): boolean => sizeOf(replicaSet) > 0;

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

function limits(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const desired = desiredReplicas(deployment);
  const surge = resolveIntOrPercent(maxSurge, desired, "up");
  const unavailable = resolveIntOrPercent(maxUnavailable, desired, "down");
  // Both can round to nothing, and then a roll-out could never begin.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** How many Pods more than desired there may be. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? limits(deployment).surge : 0;
}

/** How many Pods fewer than desired may be available. */
export function maxUnavailable(deployment: Deployment): number {
  const desired = desiredReplicas(deployment);
  return isRollingUpdate(deployment) && desired > 0 ? Math.min(limits(deployment).unavailable, desired) : 0;
}

/** The size that the new ReplicaSet may have now. `present` is 0 for one that is to be created. */
export function newReplicaSetSize(deployment: Deployment, total: number, present: number): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment)) return desired;
  const room = desired + maxSurge(deployment) - total;
  return room <= 0 ? present : present + Math.min(room, desired - present);
}

/** One step of a rolling update: first let the new ReplicaSet grow, else let the old ones shrink. */
export function rollingStep(deployment: Deployment, sets: ReplicaSets): Sizes {
  const { newOne } = sets;
  if (newOne !== undefined && sizeOf(newOne) !== desiredReplicas(deployment)) {
    const present = sizeOf(newOne);
    const size = Math.min(desiredReplicas(deployment), newReplicaSetSize(deployment, totalSize(allOf(sets)), present));
    if (size !== present) return new Map([[newOne, size]]);
  }
  return shrinkOld(deployment, sets);
}

function shrinkOld(deployment: Deployment, sets: ReplicaSets): Sizes {
  const sizes = new Map<ReplicaSet, number>();
  const old = sets.old.filter(isActive).sort(byAge);
  if (old.length === 0) return sizes;
  const all = allOf(sets);
  const minAvailable = desiredReplicas(deployment) - maxUnavailable(deployment);
  const newUnavailable = sets.newOne === undefined ? 0 : sizeOf(sets.newOne) - availableOf(sets.newOne);
  let room = totalSize(all) - minAvailable - newUnavailable;
  if (room <= 0) return sizes;
  // Pods that do not work go first: they cost no availability.
  for (const replicaSet of old) {
    const unhealthy = Math.min(room, sizeOf(replicaSet) - availableOf(replicaSet));
    if (unhealthy <= 0) continue;
    sizes.set(replicaSet, sizeOf(replicaSet) - unhealthy);
    room -= unhealthy;
  }
  let spare = sum(all, availableOf) - minAvailable;
  for (const replicaSet of old) {
    const present = sizes.get(replicaSet) ?? sizeOf(replicaSet);
    const fewer = Math.min(present, spare);
    if (fewer <= 0) continue;
    sizes.set(replicaSet, present - fewer);
    spare -= fewer;
  }
  return sizes;
}

/** True when `spec.replicas` has changed since a ReplicaSet with Pods was last scaled. */
export function isScalingEvent(deployment: Deployment, sets: ReplicaSets): boolean {
  return allOf(sets)
    .filter(isActive)
    .some((replicaSet) => {
      const desired = annotationNumber(replicaSet, DESIRED_REPLICAS);
      return desired !== undefined && desired !== desiredReplicas(deployment);
    });
}

function annotationNumber(replicaSet: ReplicaSet, name: string): number | undefined {
  const text = replicaSet.metadata?.annotations?.[name];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Brings the whole to a changed `spec.replicas` without going on with the roll-out: in proportion when in the middle of one. */
export function scaleStep(deployment: Deployment, sets: ReplicaSets): Sizes {
  const { newOne, old } = sets;
  const desired = desiredReplicas(deployment);
  const active = allOf(sets).filter(isActive);
  const only = active.length === 1 ? active[0] : active.length === 0 ? (newOne ?? [...old].sort(byAge).at(-1)) : undefined;
  if (only !== undefined) return new Map(sizeOf(only) === desired ? [] : [[only, desired]]);
  if (active.length === 0) return new Map();
  const saturated =
    newOne !== undefined &&
    sizeOf(newOne) === desired &&
    annotationNumber(newOne, DESIRED_REPLICAS) === desired &&
    availableOf(newOne) === desired;
  if (saturated) return new Map(old.filter(isActive).map((replicaSet) => [replicaSet, 0]));
  return isRollingUpdate(deployment) ? proportionalStep(deployment, active) : new Map();
}

function proportionalStep(deployment: Deployment, active: readonly ReplicaSet[]): Sizes {
  const desired = desiredReplicas(deployment);
  const toAdd = (desired > 0 ? desired + maxSurge(deployment) : 0) - totalSize(active);
  // The larger ones take part first; among equals the newer ones grow first and the older ones shrink first.
  const order = [...active].sort((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const replicaSet of order) {
    const share = toAdd === 0 ? 0 : proportion(deployment, replicaSet, toAdd, added);
    sizes.set(replicaSet, sizeOf(replicaSet) + share);
    added += share;
  }
  // Rounding may leave something over; the largest takes it.
  const [first] = order;
  if (first !== undefined && toAdd !== 0) sizes.set(first, Math.max(0, (sizes.get(first) ?? 0) + toAdd - added));
  return sizes;
}

function proportion(deployment: Deployment, replicaSet: ReplicaSet, toAdd: number, added: number): number {
  if (toAdd === added) return 0;
  const fraction = fractionOf(deployment, replicaSet);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}

function fractionOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = sizeOf(replicaSet);
  const desired = desiredReplicas(deployment);
  if (desired === 0) return -size;
  const before = annotationNumber(replicaSet, MAX_REPLICAS) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((size * (desired + maxSurge(deployment))) / before) - size;
}
