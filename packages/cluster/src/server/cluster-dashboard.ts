import { endpointSliceKind, serviceKind, type EndpointSlice, type Service } from "@skiff/api";
import { ensureObject, type ClusterPki } from "@skiff/apiserver";
import { componentHost, messageOf, type Host } from "@skiff/base";
import { applyObject, Client, HttpsTransport, type Informer } from "@skiff/client";

/** The Service of the dashboard: the name that documents and `kubectl proxy` addresses use. */
const DASHBOARD_SERVICE = { namespace: "kube-system", name: "kubernetes-dashboard" } as const;

/** What the dashboard of a cluster is made of. */
interface ClusterDashboardOptions {
  readonly host: Host;
  /** May do everything; keeps the Service and where it leads. Nobody who looks at the dashboard gets at it. */
  readonly admin: Client;
  readonly pki: ClusterPki;
  readonly services: Informer<Service>;
  /** The machine's address, where Pods and the API server reach the dashboard. */
  readonly address: string;
  readonly apiPort: number;
  readonly clusterDomain: string;
}

/** As upstream's: who goes away for longer signs in again. */
const IDLE_MS = 15 * 60_000;

/**
 * Serves the dashboard in the cluster, behind the Service `kube-system/kubernetes-dashboard`. It has no rights of its own:
 * everybody signs in with a bearer token. It keeps away from a Service of that name that has Pods behind it.
 */
export async function startClusterDashboard(options: ClusterDashboardOptions): Promise<{ stop(): Promise<void> }> {
  const { pki, address, apiPort, clusterDomain, admin, services } = options;
  const host = componentHost(options.host, "dashboard");
  // Loaded here, so that commands which only manage clusters do not load pages.
  const { Dashboard, DashboardFront } = await import("@skiff/dashboard");
  const { certificatePem } = pki.authority.save();
  const dashboard = new Dashboard({
    host,
    cookie: { name: "skiff-dashboard" },
    idleMs: IDLE_MS,
    entrance: {
      type: "token",
      connect(token) {
        const server = `https://127.0.0.1:${apiPort}`;
        const transport = new HttpsTransport({
          server,
          certificateAuthority: certificatePem,
          token,
          userAgent: "skiff-dashboard",
          clock: host.clock,
        });
        return { client: new Client(transport), close: () => transport.close() };
      },
    },
  });
  const { name, namespace } = DASHBOARD_SERVICE;
  const made = pki.issueServerCertificate(
    [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.${clusterDomain}`],
    [address],
  );
  const front = new DashboardFront({ log: host.log, dashboard, tls: { certificate: made.certificatePem, key: made.privateKeyPem } });
  const port = await front.listen(0, address);
  await ensureObject(admin, serviceKind, {
    metadata: { name, namespace, labels: { "k8s-app": name, "kubernetes.io/cluster-service": "true" } },
    spec: { ports: [{ port: 443, targetPort: 8443, protocol: "TCP" }] },
  });
  const unsubscribe = services.onChange(({ type, object }) => {
    if (object.metadata?.name !== name || object.metadata.namespace !== namespace || type === "deleted") return;
    followService(admin, object, { address, port }).catch((error: unknown) =>
      host.log.warn("the endpoint of the dashboard could not be put right", { error: messageOf(error) }),
    );
  });
  host.log.info("the dashboard is served", { port });
  return {
    async stop() {
      unsubscribe();
      await front.close();
      dashboard.close();
    },
  };
}

/** Leads a Service without a selector to the dashboard; one with a selector is somebody's own. */
async function followService(
  admin: Client,
  service: Service,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<void> {
  const { name, namespace } = DASHBOARD_SERVICE;
  const sliceName = `${name}-skiff`;
  const isOurs = Object.keys(service.spec?.selector ?? {}).length === 0;
  const slice: EndpointSlice = {
    metadata: {
      name: sliceName,
      namespace,
      labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "skiff-server" },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name, uid: service.metadata?.uid ?? "" }],
    },
    addressType: "IPv4",
    endpoints: isOurs ? [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }] : [],
    ports: [{ name: service.spec?.ports?.[0]?.name ?? "", port, protocol: "TCP" }],
  };
  await applyObject(admin, endpointSliceKind, slice, { fieldManager: "skiff-server", force: true });
}
