import type { Ingress, IngressClass, NetworkPolicy, ServiceCIDR } from "../generated/types.ts";

/** What a NetworkPolicy leaves out, in place. */
export function setNetworkPolicyDefaults(policy: NetworkPolicy): void {
  policy.spec ??= {};
  const { spec } = policy;
  spec.podSelector ??= {};
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  }
  if ((spec.policyTypes ?? []).length === 0) {
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  }
}

/** An Ingress always shows its specification and status. */
export function setIngressDefaults(ingress: Ingress): void {
  ingress.spec ??= {};
  ingress.status ??= {};
  ingress.status.loadBalancer ??= {};
}

/** What an IngressClass leaves out, in place. */
export function setIngressClassDefaults(ingressClass: IngressClass): void {
  ingressClass.spec ??= {};
  if (ingressClass.spec.parameters) ingressClass.spec.parameters.scope ??= "Cluster";
}

/** A ServiceCIDR always shows its specification and status. */
export function setServiceCidrDefaults(serviceCidr: ServiceCIDR): void {
  serviceCidr.spec ??= {};
  serviceCidr.status ??= {};
}
