import { isStatus, serviceKind, type LoadBalancerStatus, type Service } from "@skiff/api";
import type { EventType, Informer, InformerChange } from "@skiff/client";
import { changesOf, objectsOf, type AnyController, type Controller, type Outcome, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { AddressLedger } from "./address-ledger.ts";
import { AddressPool } from "./address-pool.ts";
import { planLoadBalancer, statusAddresses, type LoadBalancerPlan, type ObservedService } from "./plan.ts";

/**
 * The part of upstream's service controller that a cloud provider fills in: gives Services of type LoadBalancer an address of
 * the pool `cidr`. That it answers is the Service proxies' work.
 */
export function createServiceLoadBalancerController(context: ControllerContext, cidr: string): AnyController {
  return new ServiceLoadBalancerController(context, cidr);
}

class ServiceLoadBalancerController implements Controller<ObservedService, LoadBalancerPlan> {
  readonly name = "service-controller";
  /** One after the other, because each must know what the ones before it got. */
  readonly concurrency = 1;
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #services: Informer<Service>;
  readonly #pool: AddressPool;
  readonly #ledger: AddressLedger;

  constructor(context: ControllerContext, cidr: string) {
    this.#context = context;
    this.#services = context.informers.informer(serviceKind);
    this.#pool = new AddressPool(cidr);
    this.#ledger = new AddressLedger(this.#services);
    // An address that becomes free may be what others wait for.
    this.sources = [objectsOf(this.#services), changesOf(this.#services, (change) => (losesAddress(change) ? this.#ledger.waiting() : []))];
  }

  observe(key: string): ObservedService | undefined {
    const service = this.#services.get(key);
    return service === undefined ? undefined : { service, pool: this.#pool, taken: this.#ledger.takenBeside(key) };
  }

  plan(observed: ObservedService): LoadBalancerPlan {
    return planLoadBalancer(observed);
  }

  async perform(plan: LoadBalancerPlan, { service }: ObservedService, key: string): Promise<Outcome | void> {
    const event = (type: EventType, reason: string, message: string): void =>
      this.#context.events.event(serviceKind, service, type, reason, message);
    switch (plan.action) {
      case "none":
        return;
      case "ensure": {
        event("Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
        const [address] = plan.status?.ingress ?? [];
        await this.#write(service, plan.finalizers, plan.status);
        if (address?.ip !== undefined) this.#ledger.give(key, address.ip);
        event("Normal", "EnsuredLoadBalancer", "Ensured load balancer");
        return;
      }
      case "release":
        event("Normal", "DeletingLoadBalancer", "Deleting load balancer");
        this.#ledger.takeBack(key);
        try {
          await this.#write(service, plan.finalizers, plan.status);
        } catch (error) {
          if (!isStatus(error, "NotFound")) throw error;
        }
        event("Normal", "DeletedLoadBalancer", "Deleted load balancer");
        return;
      case "fail":
        if (plan.finalizers !== undefined) await this.#write(service, plan.finalizers, undefined);
        event("Warning", "SyncLoadBalancerFailed", `Error syncing load balancer: failed to ensure load balancer: ${plan.error}`);
    }
  }

  async #write(service: Service, finalizers: readonly string[] | undefined, status: LoadBalancerStatus | undefined): Promise<void> {
    const { namespace, name = "", uid, resourceVersion } = service.metadata ?? {};
    const metadata = { uid, resourceVersion, ...(finalizers === undefined ? {} : { finalizers }) };
    const patch = { metadata, ...(status === undefined ? {} : { status: { loadBalancer: { ingress: status.ingress ?? null } } }) };
    // Through the status, as upstream: it is all that the controller's role allows.
    await this.#context.client.resource(serviceKind).patch({ namespace, name }, patch, { subresource: "status", type: "merge" });
  }
}

function losesAddress({ type, object, previous }: InformerChange<Service>): boolean {
  const before = previous ?? (type === "deleted" ? object : undefined);
  return before !== undefined && statusAddresses(before).length > 0 && (type === "deleted" || statusAddresses(object).length === 0);
}
