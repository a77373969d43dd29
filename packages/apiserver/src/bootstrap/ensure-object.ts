import { isStatus, type KubeObject, type Resource } from "@skiff/api";
import type { Client } from "@skiff/client";

/** Several servers start at once and meet; after this many conflicts over one object it is an error. */
const MAX_ATTEMPTS = 5;

/**
 * Creates `wanted` if nothing of its name is there. What is there is put right by `repair`, which answers the object as
 * it should be, or `undefined` when nothing is wrong; without it, what is there stays.
 */
export async function ensureObject<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  wanted: T,
  repair?: (existing: T) => T | undefined,
): Promise<T> {
  const { name = "", namespace } = wanted.metadata ?? {};
  const objects = client.resource(resource);
  for (let attempt = 1; ; attempt++) {
    try {
      const existing = await objects.get({ name, ...(namespace === undefined ? {} : { namespace }) }).catch((error: unknown) => {
        if (isStatus(error, "NotFound")) return undefined;
        throw error;
      });
      if (existing === undefined) return await objects.create(wanted);
      const repaired = repair?.(existing);
      return repaired === undefined ? existing : await objects.update(repaired);
    } catch (error) {
      if (!isStatus(error, "AlreadyExists", "Conflict", "NotFound") || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}
