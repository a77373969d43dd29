import type { Service } from "@skiff/api";
import type { ClusterPki } from "@skiff/apiserver";
import { componentHost, type Host } from "@skiff/base";
import { Client, HttpsTransport, type Informer } from "@skiff/client";
import { runController } from "@skiff/controller-kit";
import { createDashboardServiceController, DASHBOARD_SERVICE, ensureDashboardService } from "./dashboard-service.ts";

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
  await ensureDashboardService(admin);
  const following = runController(createDashboardServiceController(admin, services, { address, port }), options.host);
  host.log.info("the dashboard is served", { port });
  return {
    async stop() {
      await following.stop();
      await front.close();
      dashboard.close();
    },
  };
}
