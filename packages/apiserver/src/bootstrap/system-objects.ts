import {
  configMapKind,
  flowSchemaKind,
  namespaceKind,
  priorityClassKind,
  priorityLevelConfigurationKind,
  semanticEqual,
  serviceCIDRKind,
  type ConfigMap,
  type KubeObject,
  type Resource,
  type ServiceCIDR,
} from "@skiff/api";
import { messageOf, sleep, timestamp, type Clock, type Host } from "@skiff/base";
import type { Client } from "@skiff/client";
import { SYSTEM_PRIORITY_CLASSES } from "../admission/priority.ts";
import { reconcileBootstrapPolicy } from "../authz/bootstrap-policy/reconcile.ts";
import { DEFAULT_CLUSTER_IP_RANGE } from "../services/service-strategy.ts";
import { ensureObject } from "./ensure-object.ts";
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from "./flow-control-objects.ts";
import { ensureKubernetesEndpoints, ensureKubernetesService, type AdvertisedServers } from "./kubernetes-service.ts";

/** What the objects of a new cluster say. */
export interface SystemObjectsOptions {
  /** CIDR of cluster addresses. Default: that of {@link ServiceStrategy}. */
  readonly serviceRange?: string;
  /** Without it `default/kubernetes` has no endpoints. */
  readonly servers?: AdvertisedServers;
  /** PEM; who signs client certificates. Goes into `kube-system/extension-apiserver-authentication`. */
  readonly clientAuthorityPem?: string;
  /** PEM; who signs front proxies' certificates. */
  readonly frontProxyAuthorityPem?: string;
  /** The URL by which new nodes reach the cluster. Goes, with the authority, into `kube-public/cluster-info`. */
  readonly clusterInfoUrl?: string;
}

const SYSTEM_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
/** How often the Service `default/kubernetes` and its endpoints are looked after. */
const KUBERNETES_SERVICE_PERIOD_MS = 10_000;

/**
 * Creates what every cluster has from its first moment: namespaces, the default policy, priority classes, flow control,
 * the Service `kubernetes` and the configuration that nodes and extension servers read. What is there already is put
 * right where it must be so, and otherwise stays. `client` must act for `system:masters`.
 *
 * Errors: rejects with the first error of the API server; calling again goes on where it stopped.
 */
export async function ensureSystemObjects(client: Client, clock: Clock, options: SystemObjectsOptions = {}): Promise<void> {
  const { serviceRange = DEFAULT_CLUSTER_IP_RANGE, servers } = options;
  await Promise.all(
    SYSTEM_NAMESPACES.map((name) => ensureObject(client, namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name } })),
  );
  await Promise.all([
    reconcileBootstrapPolicy(client),
    ...SYSTEM_PRIORITY_CLASSES.map((each) => ensureObject(client, priorityClassKind, each)),
    ...MANDATORY_PRIORITY_LEVELS.map((each) => ensureSpec(client, priorityLevelConfigurationKind, each)),
    ...MANDATORY_FLOW_SCHEMAS.map((each) => ensureSpec(client, flowSchemaKind, each)),
    ...configMaps(options).map((each) => ensureConfigMap(client, each)),
    ensureServiceCidr(client, clock, serviceRange),
    ensureKubernetesService(client, serviceRange, servers),
  ]);
  if (servers !== undefined) await ensureKubernetesEndpoints(client, servers);
}

/**
 * Keeps the Service `default/kubernetes` and its endpoints right until `signal` is aborted: whoever deletes it gets it back
 * within 10 s. Failures are logged and tried again.
 */
export async function keepKubernetesService(
  host: Host,
  client: Client,
  serviceRange: string,
  servers: () => AdvertisedServers,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(host.clock, KUBERNETES_SERVICE_PERIOD_MS, signal);
      await ensureKubernetesService(client, serviceRange, servers());
      await ensureKubernetesEndpoints(client, servers());
    } catch (error) {
      if (!signal.aborted) host.log.warn("the kubernetes service could not be put right", { error: messageOf(error) });
    }
  }
}

function ensureSpec<T extends KubeObject & { spec?: unknown }>(client: Client, resource: Resource<T>, wanted: T): Promise<T> {
  return ensureObject(client, resource, wanted, (existing) =>
    semanticEqual(existing.spec, wanted.spec) ? undefined : { ...existing, spec: wanted.spec },
  );
}

function ensureConfigMap(client: Client, wanted: ConfigMap): Promise<ConfigMap> {
  return ensureObject(client, configMapKind, wanted, (existing) => {
    const missing = Object.entries(wanted.data ?? {}).some(([key, value]) => existing.data?.[key] !== value);
    return missing ? { ...existing, data: { ...existing.data, ...wanted.data } } : undefined;
  });
}

async function ensureServiceCidr(client: Client, clock: Clock, serviceRange: string): Promise<void> {
  const wanted: ServiceCIDR = {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs: [serviceRange] },
  };
  const stored = await ensureObject(client, serviceCIDRKind, wanted);
  if (stored.status?.conditions?.some(({ type }) => type === "Ready")) return;
  const ready = {
    type: "Ready",
    status: "True",
    reason: "",
    message: "Kubernetes default Service CIDR is ready",
    lastTransitionTime: timestamp(clock),
  };
  await client.resource(serviceCIDRKind).updateStatus({ ...stored, status: { conditions: [ready] } });
}

function configMaps({ clientAuthorityPem, frontProxyAuthorityPem, clusterInfoUrl }: SystemObjectsOptions): ConfigMap[] {
  const maps: ConfigMap[] = [];
  const map = (namespace: string, name: string, data: Record<string, string>): ConfigMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name },
    data,
  });
  if (clientAuthorityPem !== undefined) {
    const frontProxy = frontProxyAuthorityPem === undefined ? {} : frontProxyData(frontProxyAuthorityPem);
    maps.push(map("kube-system", "extension-apiserver-authentication", { "client-ca-file": clientAuthorityPem, ...frontProxy }));
  }
  if (clientAuthorityPem !== undefined && clusterInfoUrl !== undefined) {
    maps.push(map("kube-public", "cluster-info", { kubeconfig: clusterInfo(clusterInfoUrl, clientAuthorityPem) }));
  }
  return maps;
}

/** The headers by which a front proxy says whose request it passes on. */
function frontProxyData(authorityPem: string): Record<string, string> {
  return {
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-client-ca-file": authorityPem,
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-uid-headers": '["X-Remote-Uid"]',
    "requestheader-username-headers": '["X-Remote-User"]',
  };
}

/** A kubeconfig without credentials, as JSON, which is YAML too. */
function clusterInfo(server: string, authorityPem: string): string {
  const cluster = { "certificate-authority-data": Buffer.from(authorityPem).toString("base64"), server };
  return JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [{ name: "", cluster }], contexts: [], users: [], preferences: {} });
}
