import { messageOf, sleep, type Host } from "@skiff/base";
import { CompactedError, type Store } from "@skiff/store";

/** How much of the past is kept at least: upstream's `--etcd-compaction-interval`. At most it is twice as much. */
const DEFAULT_PERIOD_MS = 5 * 60 * 1000;

/**
 * Lets the store forget the past, so that it holds the present state and a few minutes of history however long the cluster
 * runs. Runs until `signal` is aborted.
 *
 * Every period it forgets what was there before the revision of one period ago. Lists that are continued later than that are
 * answered with `Expired`, as upstream's are.
 */
export async function compactStore(host: Host, store: Store, signal: AbortSignal, periodMs: number = DEFAULT_PERIOD_MS): Promise<void> {
  let known: number | undefined;
  while (!signal.aborted) {
    try {
      const revision = await store.currentRevision();
      if (known !== undefined && known < revision) await store.compact(known);
      known = revision;
    } catch (error) {
      // Another server of the same store has been here already.
      if (error instanceof CompactedError) known = undefined;
      else if (!signal.aborted) host.log.warn("the store could not be compacted; trying again later", { error: messageOf(error) });
    }
    await sleep(host.clock, periodMs, signal).catch(() => {});
  }
}
