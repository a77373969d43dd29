import { endpointSliceKind, serviceKind, type EndpointSlice, type Service } from "@skiff/api";
import { ensureObject } from "@skiff/apiserver";
import { applyObject, type Client, type Informer } from "@skiff/client";
import { changesOf, type Controller } from "@skiff/controller-kit";

/** The Service of the dashboard: the name that documents and addresses of `kubectl proxy` use. */
export const DASHBOARD_SERVICE = { namespace: "kube-system", name: "kubernetes-dashboard" } as const;

/** Where the dashboard listens. */
interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Creates the Service when it is not there. */
export async function ensureDashboardService(admin: Client): Promise<void> {
  const { name, namespace } = DASHBOARD_SERVICE;
  await ensureObject(admin, serviceKind, {
    metadata: { name, namespace, labels: { "k8s-app": name } },
    spec: { ports: [{ port: 443, targetPort: 8443, protocol: "TCP" }] },
  });
}

/** The slice that leads the Service to the dashboard; empty for a Service with a selector, which is left to its Pods. */
function planDashboardSlice(service: Service, { address, port }: Endpoint): EndpointSlice {
  const { metadata, spec } = service;
  const { name, namespace } = DASHBOARD_SERVICE;
  const isOurs = Object.keys(spec?.selector ?? {}).length === 0;
  return {
    metadata: {
      name: `${name}-skiff`,
      namespace,
      labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "skiff-server" },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name, uid: metadata?.uid ?? "" }],
    },
    addressType: "IPv4",
    endpoints: isOurs ? [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }] : [],
    ports: [{ name: spec?.ports?.[0]?.name ?? "", port, protocol: "TCP" }],
  };
}

/** Leads the Service to the dashboard for as long as it has no Pods of its own. */
export function createDashboardServiceController(
  admin: Client,
  services: Informer<Service>,
  endpoint: Endpoint,
): Controller<Service, EndpointSlice> {
  const key = `${DASHBOARD_SERVICE.namespace}/${DASHBOARD_SERVICE.name}`;
  return {
    name: "dashboard-service-controller",
    sources: [changesOf(services, (change) => (change.key === key ? [key] : []))],
    observe: () => services.get(key),
    plan: (service) => planDashboardSlice(service, endpoint),
    async perform(slice) {
      await applyObject(admin, endpointSliceKind, slice, { fieldManager: "skiff-server", force: true });
    },
  };
}
