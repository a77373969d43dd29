import type { WatchHandle } from "@skiff/api";
import { sleep } from "@skiff/base";
import { PageError } from "./page-error.ts";
import { MAX_WATCHES, type PageContext, type PageReply, type WatchTarget } from "./page-request.ts";

/** However much changes, a page is told at most this often. */
const PERIOD_MS = 1500;
/** After so much silence a comment is sent, so that a connection that is gone is noticed. */
const HEARTBEAT_PERIODS = 15;

/**
 * `changes`: server-sent events, one `change` whenever something that the page shows has changed. What has changed it does
 * not say: the page fetches itself anew. The stream ends when the server ends a watch; the browser then comes back.
 */
export async function changeStream(context: PageContext): Promise<PageReply> {
  const targets = context.request.query.getAll("watch").map(parseTarget);
  if (targets.length === 0 || targets.length > MAX_WATCHES) throw new PageError(400, `Watch 1 to ${MAX_WATCHES} kinds.`);
  return {
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" },
    body: events(context, targets),
  };
}

function parseTarget(text: string): WatchTarget {
  const [resource = "", namespace = "", name = ""] = text.split("/");
  return { resource, namespace: namespace || undefined, name: name || undefined };
}

async function* events(context: PageContext, targets: readonly WatchTarget[]): AsyncGenerator<Uint8Array> {
  const { clock } = context.host;
  const { signal } = context.request;
  const encoder = new TextEncoder();
  const state = { isChanged: false, isOver: false };
  const watches = await Promise.all(targets.map((target) => openWatch(context, target, () => (state.isChanged = true))));
  const over = (): void => void (state.isOver = true);
  for (const watch of watches) watch?.ended.then(over, over);
  try {
    yield encoder.encode(": watching\n\n");
    for (let silent = 0; !state.isOver && !signal.aborted; silent++) {
      await sleep(clock, PERIOD_MS, signal).catch(() => {});
      if (!state.isChanged && silent < HEARTBEAT_PERIODS) continue;
      yield encoder.encode(state.isChanged ? "event: change\ndata:\n\n" : ": still here\n\n");
      state.isChanged = false;
      silent = 0;
    }
  } finally {
    for (const watch of watches) watch?.close();
  }
}

/** Watches from now on. What the user may not watch is left out: the page says so already. */
async function openWatch(context: PageContext, target: WatchTarget, onChange: () => void): Promise<WatchHandle | undefined> {
  const { session, request } = context;
  try {
    const resource = await session.catalog.find(target.resource);
    if (resource === undefined || !resource.verbs.includes("watch")) return undefined;
    const { namespace, name } = target;
    const selection = { namespace, fieldSelector: name === undefined ? undefined : `metadata.name=${name}`, metadataOnly: true };
    const client = session.client.resource(resource);
    const { metadata } = await client.list({ ...selection, limit: 1 });
    return await client.watch({ ...selection, resourceVersion: metadata?.resourceVersion, signal: request.signal }, onChange);
  } catch {
    return undefined;
  }
}
