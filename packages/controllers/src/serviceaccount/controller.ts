import { namespaceKind, serviceAccountKind, splitObjectKey, type Namespace } from "@skiff/api";
import { changesOf, objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";

const DEFAULT_ACCOUNT = "default";

/** Which ServiceAccounts an active namespace lacks. */
function planServiceAccounts(namespace: Namespace, has: (name: string) => boolean): readonly string[] {
  const isActive = namespace.status?.phase !== "Terminating" && namespace.metadata?.deletionTimestamp === undefined;
  return isActive && !has(DEFAULT_ACCOUNT) ? [DEFAULT_ACCOUNT] : [];
}

/** Sees to it that every namespace has the ServiceAccount `default`, without which no Pod can be created in it. */
export function createServiceAccountController({ client, informers }: ControllerContext): AnyController {
  const namespaces = informers.informer(namespaceKind);
  const accounts = informers.informer(serviceAccountKind);
  const controller: Controller<Namespace, readonly string[]> = {
    name: "service-account-controller",
    sources: [
      objectsOf(namespaces),
      changesOf(accounts, ({ type, key }) => (type === "deleted" ? [splitObjectKey(key).namespace ?? ""] : [])),
    ],
    observe: (key) => namespaces.get(key),
    plan: (namespace) => planServiceAccounts(namespace, (name) => accounts.get(`${namespace.metadata?.name}/${name}`) !== undefined),
    async perform(missing, namespace) {
      for (const name of missing) {
        try {
          await client
            .resource(serviceAccountKind)
            .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: namespace.metadata?.name } });
        } catch (error) {
          if (!isNamespaceTerminating(error)) throw error;
        }
      }
    },
  };
  return controller;
}
