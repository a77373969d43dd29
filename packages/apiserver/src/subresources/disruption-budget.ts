import {
  conflict,
  forbidden,
  notFound,
  selectorFromLabelSelector,
  statusError,
  type Pod,
  type PodDisruptionBudget,
  type StatusError,
} from "@skiff/api";
import { assert, timestamp } from "@skiff/base";
import type { ResourceContext } from "../request-context.ts";
import type { WatchCache } from "../registry/watch-cache.ts";
import { commit } from "../stages/commit.ts";
import { copyOf } from "../stages/decode.ts";

/** Evictions that the disruption controller has not confirmed yet; more than so many at once are refused. */
const MAX_DISRUPTED_PODS = 2000;
const MAX_ATTEMPTS = 16;
const STILL_PROCESSING_RETRY_SECONDS = 10;
const VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget.";
const GROUP = "policy";
const PLURAL = "poddisruptionbudgets";

/** The budgets that count the Pod. */
export function budgetsOf(context: ResourceContext, pod: Pod): PodDisruptionBudget[] {
  const labels = pod.metadata?.labels ?? {};
  if (Object.keys(labels).length === 0) return [];
  const cache = budgetCache(context);
  const namespace = pod.metadata?.namespace ?? "";
  const all = Array.from(
    cache.objects.select({ namespace, indexed: undefined, selects: undefined }),
    ({ object }) => object as PodDisruptionBudget,
  );
  return all.filter((budget) => selectorFromLabelSelector(budget.spec?.selector).matches(labels));
}

/**
 * Takes one disruption from the budget, for the eviction of that Pod, and stores it.
 *
 * Errors: `TooManyRequests` when the budget has none; `Forbidden` when it is not in order.
 */
export async function takeDisruption(
  context: ResourceContext,
  namespace: string,
  budgetName: string,
  podName: string,
  dryRun: boolean,
): Promise<void> {
  const { core } = context;
  const cache = budgetCache(context);
  const subject = { group: GROUP, kind: PLURAL, name: budgetName };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const old = cache.objects.get(namespace, budgetName);
    if (old === undefined) throw notFound(subject);
    const problem = refusal(old.object as PodDisruptionBudget);
    if (problem !== undefined) throw problem;
    if (dryRun) return;
    const object = disrupted(copyOf(old.object) as PodDisruptionBudget, podName, timestamp(core.host.clock));
    const stored = await commit({ registry: core.registry, cache, old, object, dryRun: false });
    // The next eviction must see what this one took.
    if (stored !== undefined) return core.registry.reached(stored.revision);
    await core.registry.catchUp();
  }
  throw conflict(subject);
}

/** Why the budget does not allow an eviction now. */
function refusal({ metadata, status }: PodDisruptionBudget): StatusError | undefined {
  const { name = "", generation = 0 } = metadata ?? {};
  const {
    disruptionsAllowed = 0,
    observedGeneration = 0,
    disruptedPods = {},
    desiredHealthy = 0,
    currentHealthy = 0,
    conditions = [],
  } = status ?? {};
  if (observedGeneration < generation) {
    return tooMany(`The disruption budget ${name} is still being processed by the server.`, STILL_PROCESSING_RETRY_SECONDS);
  }
  const subject = { group: GROUP, kind: PLURAL, name };
  if (disruptionsAllowed < 0) return forbidden(subject, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    return forbidden(subject, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (disruptionsAllowed > 0) return undefined;
  const failure = conditions.find(({ type, reason }) => type === "DisruptionAllowed" && reason === "SyncFailed");
  if (failure !== undefined) {
    return tooMany(`The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${failure.message}`);
  }
  return tooMany(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
}

function tooMany(message: string, retryAfterSeconds?: number): StatusError {
  return statusError("TooManyRequests", VIOLATION, {
    causes: [{ reason: "DisruptionBudget", message }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function disrupted(budget: PodDisruptionBudget, podName: string, now: string): PodDisruptionBudget {
  const { status } = budget;
  assert(status !== undefined, "a budget without a status allows nothing");
  status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
  status.disruptedPods = { ...status.disruptedPods, [podName]: now };
  if (status.disruptionsAllowed === 0) {
    const before = status.conditions?.find(({ type }) => type === "DisruptionAllowed");
    const lastTransitionTime = before?.status === "False" ? before.lastTransitionTime : now;
    const condition = {
      type: "DisruptionAllowed",
      status: "False",
      reason: "InsufficientPods",
      message: "",
      observedGeneration: budget.metadata?.generation ?? 0,
      lastTransitionTime,
    };
    status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== "DisruptionAllowed"), condition];
  }
  return budget;
}

function budgetCache({ core }: ResourceContext): WatchCache {
  const cache = core.resources.ofKind(GROUP, "PodDisruptionBudget")?.cache;
  assert(cache !== undefined, "budgets are not stored");
  return cache;
}
