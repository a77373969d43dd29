import type { EndpointSlice, Service } from "@skiff/api";

/** What a node answers on a Service's `healthCheckNodePort`: load balancers send it traffic only while it has endpoints. */
export interface HealthCheck {
  readonly port: number;
  readonly namespace: string;
  readonly name: string;
  /** How many ready endpoints of the Service are on this node. */
  readonly localEndpoints: number;
}

/** The health checks that a node serves: those of Services of type LoadBalancer with `externalTrafficPolicy: Local`. By port. */
export function healthChecks(services: readonly Service[], slices: readonly EndpointSlice[], nodeName: string): Map<number, HealthCheck> {
  const checks = new Map<number, HealthCheck>();
  for (const { metadata, spec } of services) {
    const port = spec?.healthCheckNodePort ?? 0;
    if (spec?.type !== "LoadBalancer" || spec.externalTrafficPolicy !== "Local" || port === 0) continue;
    const { namespace = "", name = "" } = metadata ?? {};
    checks.set(port, { port, namespace, name, localEndpoints: readyHere(slices, namespace, name, nodeName) });
  }
  return checks;
}

/** Endpoints that are ending do not count, even when nothing else is left: no new connection is to come for them. */
function readyHere(slices: readonly EndpointSlice[], namespace: string, name: string, nodeName: string): number {
  const own = slices.filter(
    ({ metadata }) => metadata?.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === name,
  );
  const ready = own
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter((endpoint) => endpoint.nodeName === nodeName && (endpoint.conditions?.ready ?? true));
  return new Set(ready.flatMap(({ addresses }) => addresses.slice(0, 1))).size;
}

/** An answer to a load balancer: the status and body of kube-proxy, so that what reads its answers reads ours. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** 200 while there are endpoints on the node, else 503. */
export function healthAnswer({ namespace, name, localEndpoints }: HealthCheck): HealthAnswer {
  return {
    status: localEndpoints > 0 ? 200 : 503,
    headers: {
      "Content-Type": "application/json",
      "X-Content-Type-Options": "nosniff",
      "X-Load-Balancing-Endpoint-Weight": String(localEndpoints),
    },
    body: `${JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }, undefined, "\t")}\n`,
  };
}
