import {
  clusterRoleBindingKind,
  clusterRoleKind,
  endpointSliceKind,
  networkPolicyKind,
  nodeKind,
  roleBindingKind,
  roleKind,
  serviceKind,
  type ClusterRole,
  type ClusterRoleBinding,
  type Role,
  type RoleBinding,
  type Service,
  type Subject,
} from "@skiff/api";
import {
  compactStore,
  ensureObject,
  ensureSystemObjects,
  keepKubernetesService,
  serviceAccountGroups,
  signCertificateSigningRequest,
  sweepEvents,
  SUPERUSER_GROUP,
  type AdvertisedServers,
  type ApiServer,
  type UserInfo,
} from "@skiff/apiserver";
import { Client, InformerFactory } from "@skiff/client";
import { controllerUser, startControllers, type ControllerOptions } from "@skiff/controllers";
import { createScheduler, type Scheduler } from "@skiff/scheduler";
import type { NetworkPlan } from "../layout/network-plan.ts";
import type { NodeConfig } from "../join/node-config.ts";
import { DNS_SERVICE } from "../node/cluster-dns.ts";
import { composeApiServer, type ComposedApiServerOptions } from "./compose-api-server.ts";
import { ensureIngress, INGRESS_CONTROLLER_ACCOUNT } from "./ensure-ingress.ts";
import { ensureJoining } from "./ensure-joining.ts";
import { ensureMetricsRights } from "./ensure-metrics-rights.ts";
import { startIngressStatus } from "./ingress-status.ts";
import { ensureLocalStorage } from "./local-storage.ts";
import { belongsToOther, nodeApprovalRules } from "./node-certificates.ts";

/** What a control plane is made of. */
interface ControlPlaneOptions extends Omit<ComposedApiServerOptions, "serviceCidr"> {
  readonly network: NetworkPlan;
  /** Where Pods reach the API; absent when nothing listens (tests in one process). */
  readonly advertised?: AdvertisedServers;
  /** What machines that join are told; absent: none can. */
  readonly nodeConfig?: NodeConfig;
  readonly controllers?: Partial<ControllerOptions>;
}

/** The API server with its controllers and scheduler, in this process. */
export interface ControlPlane {
  readonly apiServer: ApiServer;
  /** A client that may do everything. */
  readonly admin: Client;
  /** A client that acts as `user`. */
  clientAs(user: UserInfo): Client;
  readonly informers: InformerFactory;
  /** Resolves when every controller works. */
  readonly controllersStarted: Promise<void>;
  /** Ends everything in order; the store is the caller's. */
  stop(): Promise<void>;
}

/** The identity of the server's own bootstrap. */
const LOOPBACK_USER: UserInfo = { name: "system:apiserver", groups: [SUPERUSER_GROUP] };

/**
 * Starts the control plane. Resolves when the API answers and the objects that every cluster has are there; controllers
 * and scheduler fill their caches behind that.
 *
 * Order: system objects before controllers, because their identities get their rights from the default policy.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { host, network, pki, advertised } = options;
  const apiServer = await composeApiServer({ ...options, serviceCidr: network.serviceCidr });
  const admin = new Client(apiServer.transport(LOOPBACK_USER, "skiff-server"));
  const stopping = new AbortController();
  const authority = pki.authority.save().certificatePem;
  await ensureSystemObjects(admin, host.clock, {
    serviceRange: network.serviceCidr,
    servers: advertised,
    clientAuthorityPem: authority,
    // Extension servers, which need it, reach only servers that listen.
    ...(advertised === undefined
      ? {}
      : {
          frontProxyAuthorityPem: pki.frontProxyAuthority.save().certificatePem,
          clusterInfoUrl: `https://${advertised.addresses[0]}:${advertised.port}`,
        }),
  });
  await Promise.all([
    ensureDns(admin, network),
    ensureIngress(admin),
    ensureLocalStorage(admin),
    ensurePolicyRights(admin),
    ensureMetricsRights(admin),
    options.nodeConfig === undefined ? undefined : ensureJoining(admin, options.nodeConfig),
  ]);
  if (advertised !== undefined) void keepKubernetesService(host, admin, network.serviceCidr, () => advertised, stopping.signal);
  void sweepEvents(host, apiServer.core.registry, stopping.signal);
  void compactStore(host, options.store, stopping.signal);

  const informers = new InformerFactory(admin, host, { sharedObjects: true });
  const clientAs = (user: UserInfo): Client => new Client(apiServer.transport(user, user.name.split(":").at(-1)));
  const clientFor = (account: string): Client =>
    clientAs({ name: controllerUser(account), groups: [...serviceAccountGroups("kube-system"), "system:authenticated"] });
  const ingressStatus = startIngressStatus({ host, informers, client: clientFor(INGRESS_CONTROLLER_ACCOUNT) });
  const nodes = informers.informer(nodeKind);
  const controllers = startControllers({
    host,
    informers,
    clientFor,
    rootCa: authority,
    certificates: {
      sign: (request) => signCertificateSigningRequest(pki.authority, request),
      approvalRules: nodeApprovalRules((host, node) => pki.apiServerHosts().includes(host) || belongsToOther(nodes.list(), host, node)),
    },
    nodeIpam: { clusterCidrs: [network.clusterCidr], nodeMaskBitsIpv4: network.nodeMaskBits },
    loadBalancerCidr: network.loadBalancerCidr,
    ...options.controllers,
  });
  const scheduler = createScheduler({
    host,
    client: clientAs({ name: "system:kube-scheduler", groups: ["system:authenticated"] }),
    informers,
  });
  scheduler.start();
  return {
    apiServer,
    admin,
    clientAs,
    informers,
    controllersStarted: controllers.started,
    stop: () => stopAll(stopping, scheduler, [ingressStatus, controllers], informers, apiServer),
  };
}

async function stopAll(
  stopping: AbortController,
  scheduler: Scheduler,
  controllers: readonly { stop(): Promise<void> }[],
  informers: InformerFactory,
  apiServer: ApiServer,
): Promise<void> {
  stopping.abort(new Error("the control plane is being stopped"));
  await scheduler.stop();
  await Promise.all(controllers.map((each) => each.stop()));
  await informers.stop();
  apiServer.stop();
}

/** As whom the services of a node speak that are not the kubelet. */
const NODE_SERVICES: Subject = { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "system:kube-proxy" };

/** What the nodes' services may see beyond upstream's default policy, in order to enforce NetworkPolicies. */
async function ensurePolicyRights(admin: Client): Promise<void> {
  const name = "skiff:network-policy";
  const role: ClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: [
      { apiGroups: [""], resources: ["namespaces", "pods"], verbs: ["list", "watch"] },
      { apiGroups: [networkPolicyKind.group], resources: ["networkpolicies"], verbs: ["list", "watch"] },
    ],
  };
  const binding: ClusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [NODE_SERVICES],
  };
  await Promise.all([ensureObject(admin, clusterRoleKind, role), ensureObject(admin, clusterRoleBindingKind, binding)]);
}

/**
 * The Service of cluster DNS, and what the nodes' services may do beyond upstream's default policy: announce that they
 * answer behind it.
 */
async function ensureDns(admin: Client, network: NetworkPlan): Promise<void> {
  const name = "skiff:node-dns";
  const { namespace } = DNS_SERVICE;
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      ...DNS_SERVICE,
      labels: { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
    },
    spec: {
      clusterIP: network.dnsServiceIp,
      // Each node answers its own Pods.
      internalTrafficPolicy: "Local",
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  };
  const role: Role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name, namespace },
    rules: [{ apiGroups: [endpointSliceKind.group], resources: ["endpointslices"], verbs: ["get", "create", "update", "patch"] }],
  };
  const binding: RoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name, namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [NODE_SERVICES],
  };
  await Promise.all([
    ensureObject(admin, serviceKind, service),
    ensureObject(admin, roleKind, role),
    ensureObject(admin, roleBindingKind, binding),
  ]);
}
