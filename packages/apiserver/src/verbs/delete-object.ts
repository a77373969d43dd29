import { formatTime, parseTime } from "@skiff/base";
import { conflict, type KubeObject } from "@skiff/api";
import type { DeleteOptions } from "../delete-options.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { ResourceContext } from "../request-context.ts";
import { admissionRequest, mutate, validateAdmission } from "../stages/admit.ts";
import { commit, remove } from "../stages/commit.ts";
import type { KindStrategy } from "../strategies/kind-strategy.ts";
import { isHeld } from "./deletion-state.ts";
import { existingState, loadedCache, storedNamespace, strategyOf, subjectOf } from "./object-target.ts";

/** A deletion starts again when somebody else changed the object meanwhile; after this many times it gives up. */
const MAX_ATTEMPTS = 16;

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";

/** What a deletion did. */
interface Deletion {
  /** The object as it is now, or as it was when it went. */
  readonly stored: StoredObject;
  /** True when the object is gone; false when its deletion has only begun. */
  readonly isGone: boolean;
}

/**
 * Deletes an object, or begins to: finalizers and grace periods keep it until whoever waits for its end is done.
 *
 * Errors: `NotFound`; `Conflict` when a precondition does not hold; the refusals of admission.
 */
export async function deleteObject(context: ResourceContext, name: string, options: DeleteOptions): Promise<Deletion> {
  const strategy = strategyOf(context);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = await existingState(context, name);
    checkPreconditions(options, old);
    if (attempt === 1) await admitDeletion(context, old, options);
    const step = nextStep(context, old, options, strategy);
    const done = await carryOut(context, old, step, options, strategy);
    if (done !== undefined) return done;
    await context.core.registry.catchUp();
  }
  throw conflict(subjectOf(context, name));
}

/** What a deletion does to the object: nothing, a change, a removal, or first one and then the other. */
interface Step {
  /** The object with the marks of its deletion; absent when they are there already, or not needed. */
  readonly marked: KubeObject | undefined;
  readonly removes: boolean;
}

async function carryOut(
  context: ResourceContext,
  old: StoredObject,
  step: Step,
  { dryRun }: DeleteOptions,
  strategy: KindStrategy | undefined,
): Promise<Deletion | undefined> {
  const { core } = context;
  const cache = loadedCache(context);
  let stored: StoredObject | undefined = old;
  if (step.marked !== undefined) {
    stored = await commit({ registry: core.registry, cache, old, object: step.marked, dryRun, version: context.resource });
    if (stored === undefined) return undefined;
  }
  if (!step.removes || dryRun) return { stored, isGone: step.removes };
  if (!(await remove(core.registry, cache, stored))) return undefined;
  strategy?.deleted?.(stored.object);
  return { stored, isGone: true };
}

function nextStep(context: ResourceContext, old: StoredObject, options: DeleteOptions, strategy: KindStrategy | undefined): Step {
  const grace = graceOf(context, old, options);
  if (grace === "pending") return { marked: undefined, removes: false };
  const finalizers = finalizersFor(old.object, options, strategy);
  const marked = { ...old.object, metadata: { ...old.metadata } };
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers;
  else delete marked.metadata.finalizers;
  const held = isHeld(marked, strategy);
  if (grace === undefined && !held) return { marked: undefined, removes: true };
  markDeleted(context, marked, grace);
  strategy?.beginDeletion?.(marked);
  const { generation = 0, deletionTimestamp } = old.metadata;
  if (deletionTimestamp === undefined && generation > 0) marked.metadata.generation = generation + 1;
  return { marked, removes: !held && (grace ?? 0) === 0 };
}

/**
 * The seconds that the object gets to wind down; `undefined` for kinds that have none; `pending` when it is winding down
 * already and gets no less time than it has.
 */
function graceOf({ resource: { kind } }: ResourceContext, old: StoredObject, options: DeleteOptions): number | "pending" | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds: left } = old.metadata;
  const asked = options.gracePeriodSeconds;
  if (kind.gracePeriodSeconds === undefined) return undefined;
  if (deletionTimestamp !== undefined) {
    if (left === undefined || left === 0) return undefined;
    return asked === undefined || asked >= left ? "pending" : Math.max(asked < 0 ? 1 : 0, asked);
  }
  const natural = kind.gracePeriodSeconds(old.object);
  if (natural === undefined) return 0;
  const seconds = asked ?? natural;
  return seconds < 0 ? 1 : seconds;
}

function markDeleted({ core }: ResourceContext, object: KubeObject, grace: number | undefined): void {
  const metadata = (object.metadata ??= {});
  const nowMs = core.host.clock.now();
  const begun = parseTime(metadata.deletionTimestamp);
  if (begun === undefined) metadata.deletionTimestamp = formatTime(nowMs + (grace ?? 0) * 1000);
  else if (grace !== undefined) {
    metadata.deletionTimestamp = formatTime(begun - (metadata.deletionGracePeriodSeconds ?? 0) * 1000 + grace * 1000);
  }
  metadata.deletionGracePeriodSeconds = grace ?? 0;
}

/** The finalizers with `orphan` or `foregroundDeletion` as the options, or else the object or its kind, want it. */
function finalizersFor(
  object: KubeObject,
  { orphanDependents, propagationPolicy }: DeleteOptions,
  strategy: KindStrategy | undefined,
): string[] {
  const present = [...(object.metadata?.finalizers ?? [])];
  const { deletionFinalizer = "", ignoresPropagation } = strategy ?? {};
  const isFirst = object.metadata?.deletionTimestamp === undefined;
  if (isFirst && deletionFinalizer !== "" && !present.includes(deletionFinalizer)) present.push(deletionFinalizer);
  if (ignoresPropagation) return present;
  let policy: string;
  if (orphanDependents !== undefined) policy = orphanDependents ? "Orphan" : "Background";
  else if (propagationPolicy !== undefined) policy = propagationPolicy;
  else if (present.includes(ORPHAN)) policy = "Orphan";
  else if (present.includes(FOREGROUND)) policy = "Foreground";
  else policy = strategy?.orphansByDefault ? "Orphan" : "Background";
  const others = present.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  if (policy === "Orphan") return [...others, ORPHAN];
  return policy === "Foreground" ? [...others, FOREGROUND] : others;
}

function checkPreconditions({ preconditions: { uid, resourceVersion } }: DeleteOptions, old: StoredObject): void {
  const { metadata } = old;
  // Upstream names no resource in these two conflicts.
  const subject = { kind: "", name: old.name };
  if (uid !== undefined && uid !== metadata.uid) {
    const hint = "The object might have been deleted and then recreated";
    throw conflict(subject, `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ""}). ${hint}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const records = `the ResourceVersion in record (${metadata.resourceVersion ?? ""}). The object might have been modified`;
    throw conflict(subject, `the ResourceVersion in the precondition (${resourceVersion}) does not match ${records}`);
  }
}

async function admitDeletion(context: ResourceContext, old: StoredObject, options: DeleteOptions): Promise<void> {
  const { dryRun, gracePeriodSeconds, propagationPolicy, orphanDependents } = options;
  const request = admissionRequest(context, {
    operation: "DELETE",
    namespace: storedNamespace(context),
    name: old.name,
    dryRun,
    object: undefined,
    oldObject: old.object,
    options: {
      kind: "DeleteOptions",
      apiVersion: "meta.k8s.io/v1",
      ...(dryRun ? { dryRun: ["All"] } : {}),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      ...(orphanDependents === undefined ? {} : { orphanDependents }),
    },
    subresource: "",
  });
  await mutate(context, request);
  await validateAdmission(context, request);
}
