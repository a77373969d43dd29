import { statusError, type ListMeta } from "@skiff/api";
import { CompactedError, FutureRevisionError, prefixEnd } from "@skiff/store";
import type { ListOptions } from "../list-options.ts";
import type { ContinueTokens } from "./continue-token.ts";
import type { ObjectRegistry } from "./object-registry.ts";
import type { Selection } from "./selection.ts";
import { objectPath } from "./store-keys.ts";
import type { StoredObject } from "./stored-object.ts";
import type { WatchCache } from "./watch-cache.ts";

/** A page of a list: part of one snapshot, or all of it. */
export interface ObjectPage {
  readonly items: readonly StoredObject[];
  readonly metadata: ListMeta;
}

/** Past this many objects a page from the store is read in pieces. */
const STORE_PIECE = 1000;

/**
 * Lists objects: from the watch cache where the snapshot asked for is the present state, else from the store's history.
 *
 * Errors: `Expired` when the snapshot is forgotten, `Timeout` when it does not exist yet.
 */
export async function listObjects(
  registry: ObjectRegistry,
  cache: WatchCache,
  tokens: ContinueTokens,
  selection: Selection,
  options: ListOptions,
): Promise<ObjectPage> {
  const scope = JSON.stringify([cache.prefix, selection.namespace, options.labelSelector, options.fieldSelector]);
  const position = options.continueToken === "" ? undefined : tokens.read(scope, options.continueToken);
  const snapshot = await resolveSnapshot(registry, options, position?.revision);
  const after = position?.after ?? "";
  const page = await pageOf({ registry, cache, selection, snapshot, after, limit: options.limit }).catch((error: unknown) => {
    throw expired(error, position === undefined ? undefined : tokens.make(scope, { revision: -1, after }));
  });
  const metadata: ListMeta = { resourceVersion: String(snapshot) };
  if (page.more) {
    const last = page.items.at(-1);
    metadata.continue = tokens.make(scope, { revision: snapshot, after: last === undefined ? after : pathOf(last) });
    if (page.remaining !== undefined) metadata.remainingItemCount = page.remaining;
  }
  return { items: page.items, metadata };
}

/** The revision that the list is to show. All caches have reached it when the promise resolves. */
async function resolveSnapshot(registry: ObjectRegistry, options: ListOptions, continued: number | undefined): Promise<number> {
  const { resourceVersion, resourceVersionMatch: match, limit } = options;
  if (continued !== undefined && continued > 0) return continued;
  if (resourceVersion === undefined || continued !== undefined) {
    await registry.catchUp();
    return registry.revision;
  }
  await registry.reached(resourceVersion);
  const isExact = match === "Exact" || (match === undefined && limit > 0 && resourceVersion > 0);
  return isExact ? resourceVersion : registry.revision;
}

interface Page {
  readonly items: StoredObject[];
  readonly more: boolean;
  /** Absent when a selector makes the number unknown. */
  readonly remaining: number | undefined;
}

interface PageRequest {
  readonly registry: ObjectRegistry;
  readonly cache: WatchCache;
  readonly selection: Selection;
  readonly snapshot: number;
  /** The path of the last object of the page before; empty: from the start. */
  readonly after: string;
  readonly limit: number;
}

/** Errors: `CompactedError` for a snapshot that the store has forgotten, even when nothing of the kind has changed since. */
async function pageOf(request: PageRequest): Promise<Page> {
  const { registry, cache, snapshot } = request;
  if (snapshot < cache.lastChange) return pageFromStore(request);
  if (snapshot < registry.revision) await registry.store.range({ key: cache.prefix, revision: snapshot, keysOnly: true });
  // Something may have changed meanwhile.
  return snapshot < cache.lastChange ? pageFromStore(request) : pageFromCache(request);
}

function pageFromCache({ cache, selection, limit, after }: PageRequest): Page {
  const items: StoredObject[] = [];
  let beyond = 0;
  for (const stored of cache.objects.select(selection)) {
    if (after !== "" && pathOf(stored) <= after) continue;
    if (limit === 0 || items.length < limit) items.push(stored);
    else beyond++;
  }
  return { items, more: beyond > 0, remaining: selection.selects === undefined ? beyond : undefined };
}

async function pageFromStore(request: PageRequest): Promise<Page> {
  const { registry, cache, selection, snapshot, limit } = request;
  const prefix = selection.namespace === "" ? cache.prefix : `${cache.prefix}${selection.namespace}/`;
  const end = prefixEnd(prefix);
  const items: StoredObject[] = [];
  let key = request.after === "" ? prefix : `${cache.prefix}${request.after}\0`;
  for (;;) {
    const piece = await registry.store.range({ key, end, revision: snapshot, limit: STORE_PIECE });
    for (const [index, kv] of piece.kvs.entries()) {
      const stored = cachedState(cache, kv.key, kv.modRevision) ?? cache.decode(kv);
      if (selection.selects !== undefined && !selection.selects(stored)) continue;
      items.push(stored);
      if (limit > 0 && items.length === limit) {
        const remaining = piece.count - index - 1;
        return { items, more: remaining > 0, remaining: selection.selects === undefined ? remaining : undefined };
      }
    }
    if (!piece.more) return { items, more: false, remaining: undefined };
    key = `${piece.kvs.at(-1)?.key ?? key}\0`;
  }
}

/** Most objects have not changed since the snapshot: those need not be parsed. */
function cachedState(cache: WatchCache, key: string, revision: number): StoredObject | undefined {
  const path = key.slice(cache.prefix.length);
  const slash = path.indexOf("/");
  const stored = cache.objects.get(slash < 0 ? "" : path.slice(0, slash), path.slice(slash + 1));
  return stored?.revision === revision ? stored : undefined;
}

function pathOf(stored: StoredObject): string {
  return objectPath(stored.namespace, stored.name);
}

function expired(error: unknown, freshToken: string | undefined): unknown {
  if (error instanceof FutureRevisionError) return statusError("Timeout", error.message, { retryAfterSeconds: 1 });
  if (!(error instanceof CompactedError)) return error;
  if (freshToken === undefined) return statusError("Expired", "The resourceVersion for the provided list is too old.");
  const lost = statusError(
    "Expired",
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, " +
      "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an " +
      "inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  (lost.status as { metadata: ListMeta }).metadata = { continue: freshToken };
  return lost;
}
