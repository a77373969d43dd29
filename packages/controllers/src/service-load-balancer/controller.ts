import { isStatus, objectKey, serviceKind, type LoadBalancerStatus, type Service } from "@skiff/api";
import { changesOf, objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { AddressPool } from "./address-pool.ts";
import { planLoadBalancer, statusAddresses, wantsLoadBalancer, type LoadBalancerPlan, type ObservedService } from "./plan.ts";

/**
 * The part of upstream's service controller that a cloud provider fills in: gives Services of type LoadBalancer an address of
 * the pool `cidr`. That it answers is the Service proxies' work.
 */
export function createServiceLoadBalancerController(context: ControllerContext, cidr: string): AnyController {
  const { client, events, informers } = context;
  const services = informers.informer(serviceKind);
  const pool = new AddressPool(cidr);
  /** What was given and the cache does not show yet, by the Service's key. */
  const given = new Map<string, string>();

  const takenBeside = (key: string): Set<string> => {
    const taken = new Set<string>();
    for (const [holder, address] of given) {
      const service = services.get(holder);
      if (service === undefined || statusAddresses(service).includes(address)) given.delete(holder);
      else if (holder !== key) taken.add(address);
    }
    const own = services.get(key);
    for (const other of services.list()) {
      if (other === own || !wantsLoadBalancer(other)) continue;
      for (const address of statusAddresses(other)) {
        // Of two that show the same address (somebody wrote a status by hand) the older one keeps it.
        const isShared = own !== undefined && statusAddresses(own).includes(address);
        if (!isShared || isOlder(other, own)) taken.add(address);
      }
    }
    return taken;
  };
  /** The Services that wait for an address, once one may have become free. */
  function* waiting(): Iterable<string> {
    for (const service of services.list())
      if (wantsLoadBalancer(service) && statusAddresses(service).length === 0) yield objectKey(service);
  }
  const write = async (
    service: Service,
    finalizers: readonly string[] | undefined,
    status: LoadBalancerStatus | undefined,
  ): Promise<void> => {
    const { namespace, name = "", uid, resourceVersion } = service.metadata ?? {};
    const metadata = { uid, resourceVersion, ...(finalizers === undefined ? {} : { finalizers }) };
    const patch = { metadata, ...(status === undefined ? {} : { status: { loadBalancer: { ingress: status.ingress ?? null } } }) };
    // Through the status, as upstream: it is all that the controller's role allows.
    await client.resource(serviceKind).patch({ namespace, name }, patch, { subresource: "status", type: "merge" });
  };

  const controller: Controller<ObservedService, LoadBalancerPlan> = {
    name: "service-controller",
    sources: [
      objectsOf(services),
      changesOf(services, ({ type, object, previous }) => {
        const before = previous ?? (type === "deleted" ? object : undefined);
        return before !== undefined && statusAddresses(before).length > 0 && (type === "deleted" || statusAddresses(object).length === 0)
          ? waiting()
          : [];
      }),
    ],
    // One after the other, because each must know what the ones before it got.
    concurrency: 1,
    observe(key) {
      const service = services.get(key);
      return service === undefined ? undefined : { service, pool, taken: takenBeside(key) };
    },
    plan: planLoadBalancer,
    async perform(plan, { service }, key) {
      const event = (type: "Normal" | "Warning", reason: string, message: string): void =>
        events.event(serviceKind, service, type, reason, message);
      switch (plan.action) {
        case "none":
          return;
        case "ensure": {
          event("Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
          const [address] = plan.status?.ingress ?? [];
          await write(service, plan.finalizers, plan.status);
          if (address?.ip !== undefined) given.set(key, address.ip);
          event("Normal", "EnsuredLoadBalancer", "Ensured load balancer");
          return;
        }
        case "release":
          event("Normal", "DeletingLoadBalancer", "Deleting load balancer");
          given.delete(key);
          try {
            await write(service, plan.finalizers, plan.status);
          } catch (error) {
            if (!isStatus(error, "NotFound")) throw error;
          }
          event("Normal", "DeletedLoadBalancer", "Deleted load balancer");
          return;
        case "fail":
          if (plan.finalizers !== undefined) await write(service, plan.finalizers, undefined);
          event("Warning", "SyncLoadBalancerFailed", `Error syncing load balancer: failed to ensure load balancer: ${plan.error}`);
      }
    },
  };
  return controller;
}

function isOlder(a: Service, b: Service): boolean {
  const [first = "", second = ""] = [a.metadata?.creationTimestamp, b.metadata?.creationTimestamp];
  return first < second || (first === second && (a.metadata?.uid ?? "") < (b.metadata?.uid ?? ""));
}
