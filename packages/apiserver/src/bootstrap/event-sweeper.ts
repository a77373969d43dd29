import { messageOf, parseTime, sleep, type Host } from "@skiff/base";
import type { ObjectRegistry } from "../registry/object-registry.ts";
import { kindPrefix } from "../registry/store-keys.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { WatchCache } from "../registry/watch-cache.ts";
import { remove } from "../stages/commit.ts";

/** How long an event is kept after its last change. */
const DEFAULT_TTL_MS = 60 * 60 * 1000;
const SWEEP_PERIOD_MS = 60_000;
/** Removals that are under way at once. */
const BATCH = 64;

/**
 * Removes Events that nobody has touched for an hour, as the lease of their keys does upstream. Runs until `signal` is
 * aborted. An event is as old as the newest of the times that it carries, which every
 * write moves on.
 */
export async function sweepEvents(
  host: Host,
  registry: ObjectRegistry,
  signal: AbortSignal,
  ttlMs: number = DEFAULT_TTL_MS,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(host.clock, SWEEP_PERIOD_MS, signal);
      await sweepOnce(host, registry, ttlMs);
    } catch (error) {
      if (!signal.aborted) host.log.warn("old events could not be removed", { error: messageOf(error) });
    }
  }
}

/** Removes what is too old now. */
async function sweepOnce(host: Host, registry: ObjectRegistry, ttlMs: number = DEFAULT_TTL_MS): Promise<void> {
  const prefix = kindPrefix({ group: "", plural: "events" });
  const cache = [...registry.caches].find((each) => each.prefix === prefix);
  if (cache === undefined || !cache.isLoaded) return;
  const oldest = host.clock.now() - ttlMs;
  const expired: StoredObject[] = [];
  for (const stored of cache.objects.select({ namespace: "", indexed: undefined, selects: undefined })) {
    if (lastTouched(stored) <= oldest) expired.push(stored);
  }
  for (let start = 0; start < expired.length; start += BATCH) await removeAll(registry, cache, expired.slice(start, start + BATCH));
}

async function removeAll(registry: ObjectRegistry, cache: WatchCache, batch: readonly StoredObject[]): Promise<void> {
  // An event that was changed meanwhile is not removed: its comparison fails.
  await Promise.all(batch.map((stored) => remove(registry, cache, stored)));
}

/** The newest time that the event carries: of its creation, or of its last change by any manager. */
function lastTouched({ object }: StoredObject): number {
  const { creationTimestamp, managedFields = [] } = object.metadata ?? {};
  const { lastTimestamp, series } = object as { lastTimestamp?: string; series?: { lastObservedTime?: string } };
  const times = [creationTimestamp, lastTimestamp, series?.lastObservedTime, ...managedFields.map(({ time }) => time)];
  return Math.max(0, ...times.map((text) => parseTime(text ?? undefined) ?? 0));
}
