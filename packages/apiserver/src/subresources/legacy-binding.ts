import { resourcePath, type Transport } from "@skiff/api";
import { RESOURCES } from "../well-known-resources.ts";
import type { UserInfo } from "../user.ts";
import type { VirtualResource } from "../virtual-resource.ts";

/**
 * `POST /api/v1/namespaces/NAMESPACE/bindings`, the older way to `pods/NAME/binding`: passed on to that one, as the same
 * user. For `ServerParts.virtualResources`, as `/Binding`.
 */
export function legacyBindings(transport: (user: UserInfo) => Transport): VirtualResource {
  return {
    async create(object, { user, namespace }) {
      const path = resourcePath(RESOURCES.pods, { namespace, name: object.metadata?.name ?? "", subresource: "binding" });
      await transport(user).request({ method: "POST", path, body: object });
      return object;
    },
  };
}
