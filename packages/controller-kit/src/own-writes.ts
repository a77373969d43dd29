import type { Clock } from "@skiff/base";
import { objectKey, type KubeObject } from "@skiff/api";
import type { Informer } from "@skiff/client";

/** Past this a write counts as seen, whatever the cache says, so that nothing waits for ever. Upstream's number. */
const GIVE_UP_MS = 300_000;

interface Pending {
  /** For each informer the revision that it must have reached. */
  readonly revisions: Map<Informer<KubeObject>, string>;
  /** Deleted objects that the cache may still show as living: key to uid. */
  readonly deletions: Map<string, { readonly informer: Informer<KubeObject>; readonly uid: string | undefined }>;
  untilMs: number;
}

/**
 * What a controller wrote itself and its caches may not show yet.
 *
 * A controller that counts objects in a stale cache would create or delete too many. It records its writes here and does
 * not count before they are {@link visible}: creations when the informer has reached their revision (revisions of one
 * kind are comparable, KEP-5504), deletions when the object is gone from the cache, replaced or marked as deleted.
 */
export class OwnWrites {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `object` is the server's answer to a creation or change made for `owner` (its key). */
  wrote<T extends KubeObject>(owner: string, informer: Informer<T>, object: T): void {
    const revision = object.metadata?.resourceVersion;
    if (revision === undefined) return;
    const { revisions } = this.#of(owner);
    const known = revisions.get(informer as unknown as Informer<KubeObject>);
    if (known === undefined || compareRevisions(known, revision) < 0) revisions.set(informer as unknown as Informer<KubeObject>, revision);
  }

  /** `object` was deleted for `owner`, or its deletion has begun. */
  deleted<T extends KubeObject>(owner: string, informer: Informer<T>, object: T): void {
    this.#of(owner).deletions.set(objectKey(object), {
      informer: informer as unknown as Informer<KubeObject>,
      uid: object.metadata?.uid,
    });
  }

  /** True when the caches show everything that was recorded for `owner`. */
  visible(owner: string): boolean {
    const pending = this.#pending.get(owner);
    if (pending === undefined) return true;
    if (this.#clock.monotonic() < pending.untilMs) {
      for (const [informer, revision] of pending.revisions) {
        const reached = informer.resourceVersion;
        if (reached === undefined || compareRevisions(reached, revision) < 0) return false;
        pending.revisions.delete(informer);
      }
      for (const [key, { informer, uid }] of pending.deletions) {
        const metadata = informer.get(key)?.metadata;
        if (metadata !== undefined && metadata.uid === uid && metadata.deletionTimestamp === undefined) return false;
        pending.deletions.delete(key);
      }
    }
    this.#pending.delete(owner);
    return true;
  }

  /** `owner` is gone. */
  forget(owner: string): void {
    this.#pending.delete(owner);
  }

  #of(owner: string): Pending {
    let pending = this.#pending.get(owner);
    if (pending === undefined) this.#pending.set(owner, (pending = { revisions: new Map(), deletions: new Map(), untilMs: 0 }));
    pending.untilMs = this.#clock.monotonic() + GIVE_UP_MS;
    return pending;
  }
}

/** Orders two revisions of one kind: below 0 when `a` is older. They are decimal numbers without leading zeros. */
export function compareRevisions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
