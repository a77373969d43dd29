import { groupResource, resourceQuotaKind, type KubeObject, type ResourceQuota, type ResourceQuotaStatus } from "@skiff/api";
import { changesOf, every, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { sameJson } from "../same-json.ts";
import { CountedObjects } from "./counted-objects.ts";
import { planQuota, type ObservedQuota } from "./plan.ts";
import { countedKind } from "./quota-kinds.ts";

/** How often all is counted again, for what no event has told. */
const FULL_RESYNC_MS = 300_000;
/** When to look again for a kind whose cache has just been opened, or that the server does not have (yet). */
const RECHECK_MS = 1000;
const MAX_RECHECKS = 10;

/** Counts what each namespace uses of its quotas. New objects are charged at admission; this puts right what was freed. */
export function createResourceQuotaController(context: ControllerContext): AnyController {
  const { client, informers, host } = context;
  const quotas = informers.informer(resourceQuotaKind);
  const keyOf = ({ metadata }: ResourceQuota): string => `${metadata?.namespace}/${metadata?.name}`;
  const counted = new CountedObjects(context, (namespace) => quotas.list(namespace).map(keyOf));
  const rechecks = new Map<string, number>();
  const controller: Controller<ObservedQuota & { readonly isComplete: boolean }, ResourceQuotaStatus | undefined> = {
    name: "resourcequota-controller",
    sources: [
      // Changes of the status are mostly charges by admission, for objects that the caches may not show yet.
      changesOf(quotas, ({ type, key, object, previous }) => (type === "updated" && sameJson(object.spec, previous?.spec) ? [] : [key])),
      counted,
      every(host.clock, FULL_RESYNC_MS, () => quotas.list().map(keyOf)),
    ],
    async observe(key) {
      const quota = quotas.get(key);
      if (quota === undefined) {
        rechecks.delete(key);
        return undefined;
      }
      const objects = new Map<string, readonly KubeObject[]>();
      let isComplete = true;
      for (const name of Object.keys(quota.spec?.hard ?? {})) {
        const kind = countedKind(name);
        if (kind === undefined || objects.has(groupResource(kind))) continue;
        const found = await counted.list(kind, quota.metadata?.namespace ?? "");
        if (found === undefined) isComplete = false;
        else objects.set(groupResource(kind), found);
      }
      return { quota, objects, isComplete };
    },
    plan: (observed, nowMs) => planQuota(observed, nowMs),
    async perform(status, { quota, isComplete }, key) {
      // With the revision that was observed: a charge that came in between must not be lost.
      if (status !== undefined) await client.resource(resourceQuotaKind).updateStatus({ ...quota, status });
      const attempts = isComplete ? 0 : (rechecks.get(key) ?? 0) + 1;
      if (isComplete) rechecks.delete(key);
      else rechecks.set(key, attempts);
      // Later attempts are left to the full count.
      return isComplete || attempts > MAX_RECHECKS ? {} : { requeueAfterMs: RECHECK_MS };
    },
  };
  return controller;
}
