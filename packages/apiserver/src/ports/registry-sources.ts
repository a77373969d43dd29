import type { Pod } from "@skiff/api";
import { nodeSourceOf, type NodeSource } from "../authz/node/node-source.ts";
import { rbacSourceOf, type RbacSource } from "../authz/rbac/rbac-source.ts";
import type { ObjectReader } from "../object-reader.ts";
import type { ObjectRegistry } from "../registry/object-registry.ts";
import { kindPrefix } from "../registry/store-keys.ts";
import { RESOURCES } from "../well-known-resources.ts";

const RBAC_RESOURCES = [RESOURCES.roles, RESOURCES.roleBindings, RESOURCES.clusterRoles, RESOURCES.clusterRoleBindings];

/** What RBAC reads, from the watch caches: it sees a change in the turn in which that becomes readable. */
export function cachedRbacSource(reader: ObjectReader, registry: ObjectRegistry): RbacSource {
  return rbacSourceOf(reader, (listener) => {
    const stops = RBAC_RESOURCES.map((resource) =>
      registry.cacheOf(kindPrefix(resource))?.observe(({ current, previous }) => {
        const namespace = (current ?? previous)?.namespace;
        listener(resource.namespaced ? namespace : undefined);
      }),
    );
    return () => {
      for (const stop of stops) stop?.();
    };
  });
}

/** What the Node authorizer reads, from the watch caches and their index of Pods by node. */
export function cachedNodeSource(reader: ObjectReader, registry: ObjectRegistry): NodeSource {
  return nodeSourceOf(reader, (nodeName) => {
    const pods = registry.cacheOf(kindPrefix(RESOURCES.pods))?.objects;
    if (pods === undefined) return [];
    const indexed = { field: "spec.nodeName", value: nodeName };
    return Array.from(pods.select({ namespace: "", indexed, selects: undefined }), ({ object }) => object as Pod);
  });
}
