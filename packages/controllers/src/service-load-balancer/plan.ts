import type { LoadBalancerStatus, Service } from "@skiff/api";
import { sameJson } from "../same-json.ts";
import type { AddressPool } from "./address-pool.ts";

/** Keeps a Service until its address has been given back. Upstream's name. */
export const CLEANUP_FINALIZER = "service.kubernetes.io/load-balancer-cleanup";
/** The class of the built-in pool: Services that name it, or none, get an address of it. */
const POOL_CLASS = "skiff.dev/address-pool";

/** What there is to know about one Service. */
export interface ObservedService {
  readonly service: Service;
  readonly pool: AddressPool;
  /** The addresses of the pool that other Services hold. */
  readonly taken: ReadonlySet<string>;
}

/** What to do about it. */
export type LoadBalancerPlan =
  | { readonly action: "none" }
  /** `finalizers` and `status` are what the Service is to have; absent when it has them. */
  | { readonly action: "ensure"; readonly finalizers?: readonly string[]; readonly status?: LoadBalancerStatus }
  | { readonly action: "release"; readonly finalizers: readonly string[]; readonly status?: LoadBalancerStatus }
  /** No address can be given; `error` as the event says it. */
  | { readonly action: "fail"; readonly finalizers?: readonly string[]; readonly error: string };

/** True for Services that the built-in pool is in charge of. */
export function wantsLoadBalancer(service: Service): boolean {
  const { type, loadBalancerClass } = service.spec ?? {};
  return type === "LoadBalancer" && (loadBalancerClass === undefined || loadBalancerClass === POOL_CLASS);
}

/** The addresses that a Service's status shows. */
export function statusAddresses(service: Service): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

/**
 * Gives a Service of type LoadBalancer an address of the pool, that of `spec.loadBalancerIP` if it names one, and takes it back
 * from one that is deleted or has become of another type. An address, once given, stays.
 */
export function planLoadBalancer({ service, pool, taken }: ObservedService): LoadBalancerPlan {
  const finalizers = service.metadata?.finalizers ?? [];
  const isDeleted = service.metadata?.deletionTimestamp !== undefined;
  if (isDeleted || !wantsLoadBalancer(service)) {
    // Without the finalizer nothing was ever given: another controller's status is left alone.
    if (!finalizers.includes(CLEANUP_FINALIZER)) return { action: "none" };
    const rest = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
    const shown = service.status?.loadBalancer?.ingress !== undefined;
    return { action: "release", finalizers: rest, ...(shown ? { status: {} } : {}) };
  }
  const add = finalizers.includes(CLEANUP_FINALIZER) ? {} : { finalizers: [...finalizers, CLEANUP_FINALIZER] };
  const wanted = service.spec?.loadBalancerIP ?? "";
  if (wanted !== "" && !pool.has(wanted)) return { action: "fail", ...add, error: `the address ${wanted} is not in the pool ${pool.cidr}` };
  if (wanted !== "" && taken.has(wanted)) return { action: "fail", ...add, error: `the address ${wanted} belongs to another Service` };
  const kept = statusAddresses(service).find((address) => pool.has(address) && !taken.has(address));
  const ip = wanted !== "" ? wanted : (kept ?? pool.lowestFree((address) => taken.has(address)));
  if (ip === undefined) return { action: "fail", ...add, error: `no address is free in the pool ${pool.cidr}` };
  const status: LoadBalancerStatus = { ingress: [{ ip, ipMode: "VIP" }] };
  if (sameJson(status, service.status?.loadBalancer))
    return Object.keys(add).length === 0 ? { action: "none" } : { action: "ensure", ...add };
  return { action: "ensure", ...add, status };
}
