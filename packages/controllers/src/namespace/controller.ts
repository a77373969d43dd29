import { messageOf } from "@skiff/base";
import { groupResource, isStatus, namespaceKind, NAMESPACE_FINALIZER, type KubeObject, type Namespace } from "@skiff/api";
import { discoverResources, type DiscoveredResource } from "@skiff/client";
import { objectsOf, type AnyController, type Controller, type Outcome } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { deletionConditions, isEmptied, msUntilNextAttempt, type Emptying, type Remaining } from "./plan.ts";

/** How long an object with finalizers is given before it is looked at again. */
const FINALIZER_ESTIMATE_MS = 15_000;
const WORKERS = 10;

/**
 * Empties namespaces that are being deleted, of every resource that the server serves, and then lets them go. Pods go
 * first (KEP-5080): while they run, nothing that they rely on, a NetworkPolicy for example, is taken away from them.
 */
export function createNamespaceController(context: ControllerContext): AnyController {
  const { client, informers, host } = context;
  const namespaces = informers.informer(namespaceKind);
  const controller: Controller<Namespace, Namespace> = {
    name: "namespace-controller",
    concurrency: WORKERS,
    sources: [objectsOf(namespaces)],
    observe(key) {
      const namespace = namespaces.get(key);
      return namespace?.metadata?.deletionTimestamp !== undefined && (namespace.spec?.finalizers ?? []).length > 0 ? namespace : undefined;
    },
    plan: (namespace) => namespace,
    async perform(namespace): Promise<Outcome> {
      const name = namespace.metadata?.name ?? "";
      if (!namespace.spec?.finalizers?.includes(NAMESPACE_FINALIZER)) return {};
      const emptying = await emptyNamespace(context, name);
      const conditions = deletionConditions(namespace, emptying, host.clock.now());
      let current = namespace;
      if (conditions !== namespace.status?.conditions || namespace.status?.phase !== "Terminating") {
        const status = { ...namespace.status, phase: "Terminating", conditions: [...conditions] };
        current = await client.resource(namespaceKind).updateStatus({ ...namespace, status });
      }
      if (!isEmptied(emptying)) {
        if (emptying.discoveryFailures.size > 0 || emptying.contentFailures.length > 0) {
          throw new Error(
            `namespace ${name} could not be emptied: ${[...emptying.discoveryFailures.values(), ...emptying.contentFailures].join("; ")}`,
          );
        }
        return { requeueAfterMs: msUntilNextAttempt(emptying) };
      }
      const finalizers = (current.spec?.finalizers ?? []).filter((finalizer) => finalizer !== NAMESPACE_FINALIZER);
      await client.resource(namespaceKind).update({ ...current, spec: { ...current.spec, finalizers } }, { subresource: "finalize" });
      return {};
    },
  };
  return controller;
}

async function emptyNamespace(context: ControllerContext, namespace: string): Promise<Emptying> {
  const discovery = await discoverResources(context.client);
  const contentFailures: string[] = [];
  const remaining: Remaining[] = [];
  const candidates = discovery.resources.filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes("delete") && verbs.includes("list"),
  );
  const isPods = ({ group, plural }: DiscoveredResource): boolean => group === "" && plural === "pods";
  const empty = async (resource: DiscoveredResource): Promise<void> => {
    try {
      const left = await emptyResource(context, resource, namespace);
      if (left !== undefined) remaining.push(left);
    } catch (error) {
      contentFailures.push(`${groupResource(resource)}: ${messageOf(error)}`);
    }
  };
  await Promise.all(candidates.filter(isPods).map(empty));
  if (remaining.length === 0) await Promise.all(candidates.filter((resource) => !isPods(resource)).map(empty));
  return { discoveryFailures: discovery.failures, contentFailures, remaining };
}

/** Deletes all objects of a resource and answers what is still there. */
async function emptyResource(
  { client }: ControllerContext,
  resource: DiscoveredResource,
  namespace: string,
): Promise<Remaining | undefined> {
  const objects = client.resource(resource);
  // Most resources have nothing in most namespaces: reading is cheaper than deleting nothing.
  const before = await objects.list({ namespace, metadataOnly: true }).catch((error: unknown) => {
    // The resource went away between discovery and now (a deleted CustomResourceDefinition).
    if (isStatus(error, "NotFound", "MethodNotAllowed")) return undefined;
    throw error;
  });
  if (before === undefined || before.items.length === 0) return undefined;
  const pending = before.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  if (pending.length > 0 && resource.verbs.includes("deletecollection")) {
    await objects.deleteCollection({ namespace }, { propagationPolicy: "Background" });
  } else {
    for (const { metadata } of pending) {
      await objects.delete({ namespace, name: metadata?.name ?? "" }, { propagationPolicy: "Background" }).catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error;
      });
    }
  }
  const after = pending.length > 0 ? await objects.list({ namespace, metadataOnly: true }) : before;
  return after.items.length === 0 ? undefined : remainingOf(resource, after.items);
}

function remainingOf(resource: DiscoveredResource, items: readonly KubeObject[]): Remaining {
  const finalizers = new Map<string, number>();
  let estimateMs = 0;
  for (const { metadata } of items) {
    for (const finalizer of metadata?.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
    const graceMs = (metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
    estimateMs = Math.max(estimateMs, graceMs, metadata?.finalizers?.length ? FINALIZER_ESTIMATE_MS : 0);
  }
  return { resource: groupResource(resource), count: items.length, finalizers, estimateMs };
}
