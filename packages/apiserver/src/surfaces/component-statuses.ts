import type { ComponentStatus } from "@skiff/api";
import type { ObjectRegistry } from "../registry/object-registry.ts";
import type { VirtualResource } from "../virtual-resource.ts";

/** `kubectl get componentstatuses`, deprecated since v1.19: the API server knows of its store only. */
export function componentStatuses(registry: ObjectRegistry): VirtualResource {
  const store = (): ComponentStatus => ({
    metadata: { name: "etcd-0" },
    conditions: [
      registry.connected
        ? { type: "Healthy", status: "True", message: "ok" }
        : { type: "Healthy", status: "False", message: "the connection to the store is lost" },
    ],
  });
  return { get: (name) => (name === "etcd-0" ? store() : undefined), list: () => [store()] };
}
