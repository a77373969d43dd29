import { apiVersionOf, bindingKind, podKind, type Binding } from "@skiff/api";
import type { Client } from "@skiff/client";
import type { Plugin } from "../framework/plugin.ts";

/** Bind: through the `binding` subresource of the Pod. */
export function createDefaultBinder(client: Client): Plugin {
  return {
    name: "DefaultBinder",
    async bind({ namespace, name, uid }, nodeName) {
      const binding: Binding = {
        apiVersion: apiVersionOf(bindingKind),
        kind: bindingKind.kind,
        metadata: { namespace, name, uid },
        target: { kind: "Node", name: nodeName },
      };
      await client.resource(podKind).createSubresource({ namespace, name }, "binding", binding);
    },
  };
}
