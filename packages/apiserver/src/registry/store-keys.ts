import type { KindDefinition } from "@skiff/api";

/** Everything that the API server keeps in the store is under this prefix. */
export const REGISTRY_PREFIX = "/registry/";

/** `/registry/apps/deployments/`: the prefix of all objects of a kind. The core group is written `core`. */
export function kindPrefix(kind: Pick<KindDefinition, "group" | "plural">): string {
  return `${REGISTRY_PREFIX}${kind.group === "" ? "core" : kind.group}/${kind.plural}/`;
}

/** The kind's part of a store key, `/registry/apps/deployments/` of `/registry/apps/deployments/default/web`. */
export function prefixOfKey(key: string): string {
  const groupEnd = key.indexOf("/", REGISTRY_PREFIX.length);
  const pluralEnd = key.indexOf("/", groupEnd + 1);
  return key.slice(0, pluralEnd + 1);
}

/** What follows the kind's prefix: `default/web`, or `web` for cluster-wide kinds. */
export function objectPath(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
