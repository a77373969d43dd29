import type {
  APIService,
  CertificateSigningRequest,
  ComponentStatus,
  ConfigMap,
  Event,
  HorizontalPodAutoscaler,
  Lease,
  MetricSpec,
  MetricStatus,
  Namespace,
  Node,
  PodDisruptionBudget,
  PriorityClass,
  ResourceQuota,
  RuntimeClass,
  Secret,
  ServiceAccount,
} from "../generated/types.ts";
import { ageSince, humanDuration } from "../human-duration.ts";
import type { Column } from "../kind.ts";
import { ageColumn, booleanColumn, nameColumn, NONE, numberColumn, textColumn } from "./common-columns.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";

function nodeStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

function nodeRoles({ metadata }: Node): string {
  const roles = Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key.slice(ROLE_PREFIX.length) || [];
    return key === "kubernetes.io/role" && value ? value : [];
  });
  return [...new Set(roles)].sort().join(",") || NONE;
}

const nodeAddress =
  (type: string) =>
  ({ status }: Node): string =>
    status?.addresses?.find((address) => address.type === type)?.address ?? NONE;

/** What `kubectl get nodes` shows. */
export const nodeColumns: readonly Column<Node>[] = [
  textColumn("Status", "The status of the node", nodeStatus),
  textColumn("Roles", "The roles of the node", nodeRoles),
  ageColumn,
  textColumn("Version", "Kubelet Version reported by the node.", ({ status }) => status?.nodeInfo?.kubeletVersion),
  textColumn("Internal-IP", "List of addresses reachable to the node.", nodeAddress("InternalIP"), 1),
  textColumn("External-IP", "List of addresses reachable to the node.", nodeAddress("ExternalIP"), 1),
  textColumn(
    "OS-Image",
    "OS Image reported by the node from /etc/os-release.",
    ({ status }) => status?.nodeInfo?.osImage || "<unknown>",
    1,
  ),
  textColumn(
    "Kernel-Version",
    "Kernel Version reported by the node from 'uname -r'.",
    ({ status }) => status?.nodeInfo?.kernelVersion || "<unknown>",
    1,
  ),
  textColumn(
    "Container-Runtime",
    "ContainerRuntime Version reported by the node through runtime remote API.",
    ({ status }) => status?.nodeInfo?.containerRuntimeVersion || "<unknown>",
    1,
  ),
];

/** What `kubectl get namespaces` shows. */
export const namespaceColumns: readonly Column<Namespace>[] = [
  textColumn("Status", "The status of the namespace", ({ status }) => status?.phase),
  ageColumn,
];

/** What `kubectl get configmaps` shows. */
export const configMapColumns: readonly Column<ConfigMap>[] = [
  numberColumn(
    "Data",
    "Data contains the configuration data.",
    ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
  ),
  ageColumn,
];

/** What `kubectl get secrets` shows. */
export const secretColumns: readonly Column<Secret>[] = [
  textColumn("Type", "Used to facilitate programmatic handling of secret data.", ({ type }) => type),
  numberColumn("Data", "Data contains the secret data.", ({ data }) => Object.keys(data ?? {}).length),
  ageColumn,
];

/** What `kubectl get serviceaccounts` shows. */
export const serviceAccountColumns: readonly Column<ServiceAccount>[] = [
  numberColumn(
    "Secrets",
    "Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.",
    ({ secrets }) => secrets?.length,
  ),
  ageColumn,
];

function eventTimes(event: Event): { first: string | undefined; last: string | undefined; count: number } {
  const first = event.firstTimestamp ?? event.eventTime;
  if (event.series) return { first, last: event.series.lastObservedTime, count: event.series.count ?? 0 };
  return { first, last: event.lastTimestamp ?? first, count: event.count || 1 };
}

function eventSource({ source, reportingComponent, reportingInstance }: Event): string {
  return [source?.component || reportingComponent, source?.host || reportingInstance].filter(Boolean).join(", ");
}

function eventObject({ involvedObject }: Event): string {
  const { kind = "", name } = involvedObject ?? {};
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

/** What `kubectl get events` shows; the name comes last, as nobody looks for it. */
export const eventColumns: readonly Column<Event>[] = [
  textColumn("Last Seen", "The time at which the most recent occurrence of this event was recorded.", (event, nowMs) =>
    ageSince(eventTimes(event).last, nowMs),
  ),
  textColumn("Type", "Type of this event (Normal, Warning), new types could be added in the future", ({ type }) => type),
  textColumn(
    "Reason",
    "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
    ({ reason }) => reason,
  ),
  textColumn("Object", "The object that this event is about.", eventObject),
  textColumn(
    "Subobject",
    "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement.",
    ({ involvedObject }) => involvedObject?.fieldPath,
    1,
  ),
  textColumn("Source", "The component reporting this event. Should be a short machine understandable string.", eventSource, 1),
  textColumn("Message", "A human-readable description of the status of this operation.", ({ message }) => message?.trim()),
  textColumn(
    "First Seen",
    "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
    (event, nowMs) => ageSince(eventTimes(event).first, nowMs),
    1,
  ),
  numberColumn("Count", "The number of times this event has occurred.", (event) => eventTimes(event).count, 1),
  nameColumn(1),
];

/** What `kubectl get componentstatuses` shows. */
export const componentStatusColumns: readonly Column<ComponentStatus>[] = [
  textColumn("Status", "Status of the component conditions", ({ conditions }) => {
    const healthy = conditions?.find((condition) => condition.type === "Healthy");
    return healthy === undefined ? "Unknown" : healthy.status === "True" ? "Healthy" : "Unhealthy";
  }),
  textColumn(
    "Message",
    "Message of the component conditions",
    ({ conditions }) => conditions?.find(({ type }) => type === "Healthy")?.message,
  ),
  textColumn("Error", "Error of the component conditions", ({ conditions }) => conditions?.find(({ type }) => type === "Healthy")?.error),
];

/** `cpu: 1/2, pods: 3/10` for the entries that `belongs` takes. */
function quotaText(quota: ResourceQuota, belongs: (name: string) => boolean): string {
  return Object.entries(quota.status?.hard ?? {})
    .filter(([name]) => belongs(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${quota.status?.used?.[name] ?? "0"}/${hard}`)
    .join(", ");
}

const isLimit = (name: string): boolean => name.startsWith("limits.");

/** What `kubectl get resourcequotas` shows. */
export const resourceQuotaColumns: readonly Column<ResourceQuota>[] = [
  textColumn("Request", "Request represents a minimum amount of cpu/memory that a container may consume.", (quota) =>
    quotaText(quota, (name) => !isLimit(name)),
  ),
  textColumn(
    "Limit",
    "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
    (quota) => quotaText(quota, isLimit),
  ),
  ageColumn,
];

/** What `kubectl get priorityclasses` shows. */
export const priorityClassColumns: readonly Column<PriorityClass>[] = [
  numberColumn("Value", "value represents the integer value of this priority class.", ({ value }) => value),
  booleanColumn(
    "Global-Default",
    "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class.",
    ({ globalDefault }) => globalDefault,
  ),
  ageColumn,
  textColumn(
    "PreemptionPolicy",
    "preemptionPolicy is the Policy for preempting pods with lower priority.",
    ({ preemptionPolicy }) => preemptionPolicy,
  ),
];

const amount = (value: string | number | undefined): string => (value === undefined ? "N/A" : `${value}`);

/** What `kubectl get poddisruptionbudgets` shows. */
export const podDisruptionBudgetColumns: readonly Column<PodDisruptionBudget>[] = [
  textColumn("Min Available", "The minimum number of pods that must be available.", ({ spec }) => amount(spec?.minAvailable)),
  textColumn("Max Unavailable", "The maximum number of pods that may be unavailable.", ({ spec }) => amount(spec?.maxUnavailable)),
  numberColumn(
    "Allowed Disruptions",
    "Calculated number of pods that may be disrupted at this time.",
    ({ status }) => status?.disruptionsAllowed,
  ),
  ageColumn,
];

/** What `kubectl get leases` shows. */
export const leaseColumns: readonly Column<Lease>[] = [
  textColumn("Holder", "holderIdentity contains the identity of the holder of a current lease.", ({ spec }) => spec?.holderIdentity),
  ageColumn,
];

/** What `kubectl get runtimeclasses` shows. */
export const runtimeClassColumns: readonly Column<RuntimeClass>[] = [
  textColumn(
    "Handler",
    "handler specifies the underlying runtime and configuration that the CRI implementation will use to handle pods of this class.",
    ({ handler }) => handler,
  ),
  ageColumn,
];

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  const unknown = "<unknown>";
  switch (metric.type) {
    case "External":
    case "Object": {
      const source = metric.type === "External" ? metric.external : metric.object;
      const current = metric.type === "External" ? status?.external?.current : status?.object?.current;
      if (source?.target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${source.target.averageValue} (avg)`;
      return `${current?.value ?? unknown}/${source?.target.value}`;
    }
    case "Pods":
      return `${status?.pods?.current.averageValue ?? unknown}/${metric.pods?.target.averageValue}`;
    case "Resource":
    case "ContainerResource": {
      const source = metric.type === "Resource" ? metric.resource : metric.containerResource;
      const current = metric.type === "Resource" ? status?.resource?.current : status?.containerResource?.current;
      if (source?.target.averageValue !== undefined)
        return `${source.name}: ${current?.averageValue ?? unknown}/${source.target.averageValue}`;
      const now = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
      const target = source?.target.averageUtilization === undefined ? "<auto>" : `${source.target.averageUtilization}%`;
      return `${source?.name}: ${now}/${target}`;
    }
    default:
      return "<unknown type>";
  }
}

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = (spec?.metrics ?? []).map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  if (metrics.length === 0) return NONE;
  const shown = metrics.slice(0, 2).join(", ");
  return metrics.length > 2 ? `${shown} + ${metrics.length - 2} more...` : shown;
}

/** What `kubectl get horizontalpodautoscalers` shows. */
export const horizontalPodAutoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  textColumn(
    "Reference",
    "scaleTargetRef points to the target resource to scale.",
    ({ spec }) => `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`,
  ),
  textColumn("Targets", "metrics contains the specifications for which to use to calculate the desired replica count.", targetsText),
  textColumn(
    "MinPods",
    "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.",
    ({ spec }) => `${spec?.minReplicas ?? "<unset>"}`,
  ),
  numberColumn(
    "MaxPods",
    "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up.",
    ({ spec }) => spec?.maxReplicas,
  ),
  numberColumn(
    "Replicas",
    "currentReplicas is current number of replicas of pods managed by this autoscaler.",
    ({ status }) => status?.currentReplicas,
  ),
  ageColumn,
];

function requestCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false;
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return `${decision}${has("Failed") ? ",Failed" : ""}${status?.certificate ? ",Issued" : ""}`;
}

/** What `kubectl get certificatesigningrequests` shows. */
export const certificateSigningRequestColumns: readonly Column<CertificateSigningRequest>[] = [
  ageColumn,
  textColumn("SignerName", "signerName indicates the requested signer, and is a qualified name.", ({ spec }) => spec?.signerName),
  textColumn(
    "Requestor",
    "username contains the name of the user that created the CertificateSigningRequest.",
    ({ spec }) => spec?.username,
  ),
  textColumn("RequestedDuration", "expirationSeconds is the requested duration of validity of the issued certificate.", ({ spec }) =>
    spec?.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000),
  ),
  textColumn("Condition", "conditions applied to the request.", requestCondition),
];

/** What `kubectl get apiservices` shows. */
export const apiServiceColumns: readonly Column<APIService>[] = [
  textColumn("Service", "The reference to the service that hosts this API endpoint.", ({ spec }) =>
    spec?.service ? `${spec.service.namespace}/${spec.service.name}` : "Local",
  ),
  textColumn("Available", "Whether this service is available.", ({ status }) => {
    const available = status?.conditions?.find(({ type }) => type === "Available");
    if (available === undefined) return "Unknown";
    return available.status === "True" ? "True" : `${available.status} (${available.reason ?? ""})`;
  }),
  ageColumn,
];
