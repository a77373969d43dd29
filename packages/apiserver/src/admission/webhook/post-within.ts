import { messageOf, type Clock } from "@skiff/base";
import { addressWithTimeout, type WebhookTarget, type WebhookTransport } from "./webhook-transport.ts";

/** Asks a webhook and waits at most `timeoutMs`. Errors: those of the transport, and `context deadline exceeded`, with the address. */
export async function postWithin(
  clock: Clock,
  timeoutMs: number,
  transport: WebhookTransport,
  target: WebhookTarget,
  body: unknown,
): Promise<unknown> {
  const abort = new AbortController();
  const timedOut = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason as Error), { once: true });
  });
  // The race below is what tells of the rejection; on its own it must not count as unhandled.
  timedOut.catch(() => {});
  const timer = clock.setTimeout(() => abort.abort(new Error("context deadline exceeded")), timeoutMs);
  try {
    return await Promise.race([transport.post(target, body, { timeoutMs, signal: abort.signal }), timedOut]);
  } catch (error) {
    throw new Error(`Post "${addressWithTimeout(target.url, timeoutMs)}": ${messageOf(error)}`, { cause: error });
  } finally {
    timer.cancel();
  }
}
