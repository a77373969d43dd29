import type { ImageStore, RedeemRules } from "#shared/image-store.ts";
import { type Publisher, TOPIC } from "#shared/queue.ts";

/**
 * Makes pending what {@link RedeemRules} say, announces it anew, and answers how many images that were.
 *
 * Errors: rejects when the database or the queue cannot be reached; what was not announced is forgotten again after a
 * while, and the next run takes it.
 */
export async function redeem(store: Pick<ImageStore, "redeem">, publisher: Publisher, rules: RedeemRules): Promise<number> {
  const ids = await store.redeem(rules);
  for (const id of ids) await publisher.publish(TOPIC, String(id));
  return ids.length;
}
