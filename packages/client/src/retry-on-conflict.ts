import { isStatus, type KubeObject, type Resource } from "@skiff/api";
import type { Client, ObjectRef, WriteOptions } from "./client.ts";

/** How often a read-change-write is tried when others write the same object. */
const MAX_ATTEMPTS = 10;

/**
 * Reads an object, lets `change` answer the new one, and writes that if the stored one is still the one read; on a conflict
 * all of it happens again. `change` must not modify its argument and may run several times; when it answers the same
 * object or `undefined`, nothing is written. Answers the object as stored.
 *
 * Errors: the conflict itself after ten attempts, and every other error of the reads and writes.
 */
export async function updateObject<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  ref: ObjectRef,
  change: (current: T) => T | undefined,
  options: WriteOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const current = await client.resource(resource).get(ref);
    const changed = change(current);
    if (changed === undefined || changed === current) return current;
    try {
      return await client.resource(resource).update(changed, options);
    } catch (error) {
      if (!isStatus(error, "Conflict") || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
