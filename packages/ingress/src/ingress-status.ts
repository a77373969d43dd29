import { ingressClassKind, ingressKind, objectKey, serviceKind, type Ingress, type IngressLoadBalancerIngress } from "@skiff/api";
import type { Client, EventRecorder, InformerFactory } from "@skiff/client";
import { changesOf, objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import { isServed } from "./ingress-class.ts";

/** The Service of type LoadBalancer in front of the nodes' Ingress fronts. */
export const INGRESS_SERVICE = { namespace: "kube-system", name: "skiff-ingress" } as const;

/** What the status controller is made from. */
interface IngressStatusContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly events: EventRecorder;
}

/** What there is to know about one Ingress. */
interface ObservedIngress {
  readonly ingress: Ingress;
  readonly isServed: boolean;
  /** Where the front is reached. */
  readonly addresses: readonly string[];
}

/** The `status.loadBalancer.ingress` to write; `undefined` when nothing has to be written. Others' Ingresses are left alone. */
function planIngressStatus({ ingress, isServed: served, addresses }: ObservedIngress): readonly IngressLoadBalancerIngress[] | undefined {
  if (!served || ingress.metadata?.deletionTimestamp !== undefined) return undefined;
  const shown = ingress.status?.loadBalancer?.ingress ?? [];
  const isSame =
    shown.length === addresses.length && addresses.every((ip, index) => shown[index]?.ip === ip && shown[index].hostname === undefined);
  return isSame ? undefined : addresses.map((ip) => ({ ip }));
}

/** Writes into the status of every Ingress that is served where it is served. */
export function createIngressStatusController({ client, informers, events }: IngressStatusContext): AnyController {
  const ingresses = informers.informer(ingressKind);
  const classes = informers.informer(ingressClassKind);
  const services = informers.informer(serviceKind);
  const serviceKey = `${INGRESS_SERVICE.namespace}/${INGRESS_SERVICE.name}`;
  const all = (): string[] => ingresses.list().map(objectKey);
  const controller: Controller<ObservedIngress, ReturnType<typeof planIngressStatus>> = {
    name: "ingress-controller",
    sources: [objectsOf(ingresses), changesOf(classes, all), changesOf(services, ({ key }) => (key === serviceKey ? all() : []))],
    observe(key) {
      const ingress = ingresses.get(key);
      if (ingress === undefined) return undefined;
      const known = new Map(classes.list().map((each) => [each.metadata?.name ?? "", each]));
      const front = services.get(serviceKey)?.status?.loadBalancer?.ingress ?? [];
      return { ingress, isServed: isServed(ingress, known), addresses: front.flatMap(({ ip }) => (ip === undefined ? [] : [ip])) };
    },
    plan: planIngressStatus,
    async perform(plan, { ingress }) {
      if (plan === undefined) return;
      await client.resource(ingressKind).updateStatus({ ...ingress, status: { loadBalancer: { ingress: [...plan] } } });
      const { namespace, name } = ingress.metadata ?? {};
      events.event(ingressKind, ingress, "Normal", "UPDATE", `Ingress ${namespace}/${name}`);
    },
  };
  return controller;
}
