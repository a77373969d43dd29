import { isStatus, runtimeClassKind, type Pod } from "@skiff/api";
import type { Client } from "@skiff/client";

/** The handler of a Pod's RuntimeClass; undefined when it names none. Errors: rejects when the class does not exist. */
export async function runtimeHandlerOf(client: Client, pod: Pod): Promise<string | undefined> {
  const name = pod.spec?.runtimeClassName;
  if (!name) return undefined;
  try {
    return (await client.resource(runtimeClassKind).get({ name })).handler;
  } catch (error) {
    if (isStatus(error, "NotFound")) throw new Error(`RuntimeClass "${name}" not found`, { cause: error });
    throw error;
  }
}
