import {
  podQosClass,
  type Container,
  type ContainerState,
  type ContainerStatus,
  type EnvVar,
  type Pod,
  type PodSpec,
  type Probe,
  type Toleration,
  type Volume,
} from "@skiff/api";
import { describedTime, type Description } from "./description.ts";

/** What `describe pod` says, without the events. */
export function describePod(out: Description, pod: Pod): void {
  const { metadata = {}, spec, status = {} } = pod;
  out.field(0, "Name", metadata.name ?? "");
  out.field(0, "Namespace", metadata.namespace ?? "");
  if (spec?.priority !== undefined) out.field(0, "Priority", spec.priority);
  if (spec?.priorityClassName) out.field(0, "Priority Class Name", spec.priorityClassName);
  if (spec?.runtimeClassName) out.field(0, "Runtime Class Name", spec.runtimeClassName);
  if (spec?.serviceAccountName) out.field(0, "Service Account", spec.serviceAccountName);
  out.field(0, "Node", spec?.nodeName ? `${spec.nodeName}/${status.hostIP ?? ""}` : "<none>");
  if (status.startTime) out.field(0, "Start Time", describedTime(status.startTime));
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  if (metadata.deletionTimestamp) {
    out.field(0, "Status", `Terminating (since ${describedTime(metadata.deletionTimestamp)})`);
    out.field(0, "Termination Grace Period", `${metadata.deletionGracePeriodSeconds ?? 0}s`);
  } else out.field(0, "Status", status.phase ?? "");
  if (status.reason) out.field(0, "Reason", status.reason);
  if (status.message) out.field(0, "Message", status.message);
  if (spec?.securityContext?.seccompProfile) out.field(0, "SeccompProfile", spec.securityContext.seccompProfile.type);
  out.field(0, "IP", status.podIP ?? "");
  if ((status.podIPs ?? []).length === 0) out.field(0, "IPs", "<none>");
  else {
    out.line(0, "IPs:");
    for (const { ip } of status.podIPs ?? []) out.field(1, "IP", ip);
  }
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  if (controller !== undefined) out.field(0, "Controlled By", `${controller.kind}/${controller.name}`);
  if (status.nominatedNodeName) out.field(0, "NominatedNodeName", status.nominatedNodeName);
  if ((spec?.initContainers ?? []).length > 0)
    describeContainers(out, "Init Containers", spec?.initContainers ?? [], status.initContainerStatuses);
  describeContainers(out, "Containers", spec?.containers ?? [], status.containerStatuses);
  if ((spec?.ephemeralContainers ?? []).length > 0) {
    describeContainers(out, "Ephemeral Containers", (spec?.ephemeralContainers ?? []) as Container[], status.ephemeralContainerStatuses);
  }
  if ((spec?.readinessGates ?? []).length > 0) {
    out.line(0, "Readiness Gates:\n  Type\tStatus");
    for (const { conditionType } of spec?.readinessGates ?? []) {
      out.line(1, `${conditionType} \t${status.conditions?.find(({ type }) => type === conditionType)?.status ?? "<none>"} `);
    }
  }
  if ((status.conditions ?? []).length > 0) {
    out.line(0, "Conditions:\n  Type\tStatus");
    for (const condition of status.conditions ?? []) out.line(1, `${condition.type} \t${condition.status} `);
  }
  describeVolumes(out, spec?.volumes ?? []);
  out.field(0, "QoS Class", status.qosClass ?? podQosClass(pod));
  out.pairs("Node-Selectors", spec?.nodeSelector);
  describeTolerations(out, spec?.tolerations ?? []);
}

/** The containers of a Pod or of a template. */
function describeContainers(
  out: Description,
  title: string,
  containers: readonly Container[],
  statuses: readonly ContainerStatus[] | undefined,
  level = 0,
): void {
  if (containers.length === 0) {
    out.line(level, `${title}: <none>`);
    return;
  }
  out.line(level, `${title}:`);
  for (const container of containers) {
    const status = statuses?.find(({ name }) => name === container.name);
    // In a template the name stands one space further in; what belongs to it does not.
    out.line(1, `${level > 0 ? " " : ""}${container.name}:`);
    if (status !== undefined) out.field(2, "Container ID", status.containerID ?? "");
    out.field(2, "Image", container.image ?? "");
    if (status !== undefined) out.field(2, "Image ID", status.imageID ?? "");
    const ports = container.ports ?? [];
    const list = (values: readonly string[]): string => (values.length === 0 ? "<none>" : values.join(", "));
    out.field(
      2,
      ports.length > 1 ? "Ports" : "Port",
      list(ports.map(({ containerPort, protocol, name }) => `${containerPort}/${protocol ?? "TCP"}${name ? ` (${name})` : ""}`)),
    );
    out.field(
      2,
      ports.length > 1 ? "Host Ports" : "Host Port",
      list(ports.map(({ hostPort, protocol, name }) => `${hostPort ?? 0}/${protocol ?? "TCP"}${name ? ` (${name})` : ""}`)),
    );
    if (container.securityContext?.seccompProfile) out.field(2, "SeccompProfile", container.securityContext.seccompProfile.type);
    describeWords(out, "Command", container.command, 2);
    describeWords(out, "Args", container.args, 2);
    if (status !== undefined) describeStatus(out, status, 2);
    describeResources(out, container, 2);
    describeProbes(out, container, 2);
    describeEnvironment(out, container, 2);
    describeMounts(out, container, 2);
  }
}

function describeWords(out: Description, name: string, words: readonly string[] | undefined, level: number): void {
  if ((words ?? []).length === 0) return;
  out.line(level, `${name}:`);
  for (const word of words ?? []) for (const line of word.split("\n")) out.line(level + 1, line);
}

function describeStatus(out: Description, status: ContainerStatus, level: number): void {
  describeState(out, "State", status.state, level);
  if (status.lastState?.terminated) describeState(out, "Last State", status.lastState, level);
  out.field(level, "Ready", status.ready ? "True" : "False");
  out.field(level, "Restart Count", status.restartCount);
}

function describeState(out: Description, name: string, state: ContainerState | undefined, level: number): void {
  if (state?.running) {
    out.field(level, name, "Running");
    out.field(level + 1, "Started", describedTime(state.running.startedAt));
  } else if (state?.terminated) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = state.terminated;
    out.field(level, name, "Terminated");
    if (reason) out.field(level + 1, "Reason", reason);
    if (message) out.field(level + 1, "Message", message);
    out.field(level + 1, "Exit Code", exitCode);
    if (signal) out.field(level + 1, "Signal", signal);
    out.field(level + 1, "Started", describedTime(startedAt));
    out.field(level + 1, "Finished", describedTime(finishedAt));
  } else {
    out.field(level, name, "Waiting");
    if (state?.waiting?.reason) out.field(level + 1, "Reason", state.waiting.reason);
    if (state?.waiting?.message) out.field(level + 1, "Message", state.waiting.message);
  }
}

function describeResources(out: Description, { resources }: Container, level: number): void {
  for (const [name, amounts] of [
    ["Limits", resources?.limits],
    ["Requests", resources?.requests],
  ] as const) {
    const entries = Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) continue;
    out.line(level, `${name}:`);
    for (const [resource, amount] of entries) out.field(level + 1, resource, amount);
  }
}

function describeProbes(out: Description, { livenessProbe, readinessProbe, startupProbe }: Container, level: number): void {
  for (const [name, probe] of [
    ["Liveness", livenessProbe],
    ["Readiness", readinessProbe],
    ["Startup", startupProbe],
  ] as const) {
    if (probe) out.field(level, name, probeText(probe));
  }
}

/** A probe in one line. */
function probeText(probe: Probe): string {
  const { initialDelaySeconds = 0, timeoutSeconds = 0, periodSeconds = 0, successThreshold = 0, failureThreshold = 0 } = probe;
  const times = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(" ")}] ${times}`;
  if (probe.httpGet) {
    const { scheme = "HTTP", host = "", port, path = "" } = probe.httpGet;
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path.startsWith("/") || path === "" ? path : `/${path}`} ${times}`;
  }
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ""}:${probe.tcpSocket.port} ${times}`;
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ""} ${times}`;
  return `unknown ${times}`;
}

function describeEnvironment(out: Description, { env = [], envFrom = [] }: Container, level: number): void {
  if (envFrom.length > 0) {
    out.line(level, "Environment Variables from:");
    for (const { configMapRef, secretRef, prefix } of envFrom) {
      const [kind, ref] = configMapRef ? ["ConfigMap", configMapRef] : ["Secret", secretRef];
      const tail = prefix ? ` with prefix '${prefix}'` : "";
      out.line(level + 1, `${ref?.name ?? ""}\t${kind}${tail}\tOptional: ${ref?.optional ?? false}`);
    }
  }
  if (env.length === 0) {
    out.line(level, `Environment:${envFrom.length > 0 ? "" : "\t"}${envFrom.length > 0 ? "\t<none>" : "<none>"}`);
    return;
  }
  out.line(level, "Environment:");
  for (const variable of env) describeVariable(out, variable, level + 1);
}

function describeVariable(out: Description, { name, value, valueFrom }: EnvVar, level: number): void {
  if (valueFrom === undefined) {
    const [first = "", ...rest] = (value ?? "").split("\n");
    out.field(level, name, first);
    for (const line of rest) out.line(level, `\t${line}`);
  } else if (valueFrom.fieldRef) out.field(level, name, ` (${valueFrom.fieldRef.apiVersion ?? "v1"}:${valueFrom.fieldRef.fieldPath})`);
  else if (valueFrom.resourceFieldRef)
    out.field(level, name, `${valueFrom.resourceFieldRef.containerName ?? ""} (${valueFrom.resourceFieldRef.resource})`);
  else if (valueFrom.secretKeyRef)
    out.field(
      level,
      name,
      `<set to the key '${valueFrom.secretKeyRef.key}' in secret '${valueFrom.secretKeyRef.name}'>\tOptional: ${valueFrom.secretKeyRef.optional ?? false}`,
    );
  else if (valueFrom.configMapKeyRef)
    out.field(
      level,
      name,
      `<set to the key '${valueFrom.configMapKeyRef.key}' of config map '${valueFrom.configMapKeyRef.name}'>\tOptional: ${valueFrom.configMapKeyRef.optional ?? false}`,
    );
}

function describeMounts(out: Description, { volumeMounts = [] }: Container, level: number): void {
  if (volumeMounts.length === 0) {
    out.line(level, "Mounts:\t<none>");
    return;
  }
  out.line(level, "Mounts:");
  for (const { mountPath, name, readOnly, subPath } of [...volumeMounts].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1))) {
    const flags = [readOnly ? "ro" : "rw", ...(subPath ? [`path="${subPath}"`] : [])].join(",");
    out.line(level + 1, `${mountPath} from ${name} (${flags})`);
  }
}

/** The volumes of a Pod or template. */
function describeVolumes(out: Description, volumes: readonly Volume[], level = 0): void {
  if (volumes.length === 0) {
    out.line(level, `Volumes:\t<none>`);
    return;
  }
  out.line(level, "Volumes:");
  for (const volume of volumes) {
    out.line(1, `${level > 0 ? " " : ""}${volume.name}:`);
    describeVolume(out, volume, 2);
  }
}

function describeVolume(out: Description, volume: Volume, level: number): void {
  const { hostPath, emptyDir, configMap, secret, persistentVolumeClaim, projected, downwardAPI, nfs, csi } = volume;
  const type = (text: string): void => out.field(level, "Type", text);
  if (hostPath) {
    type("HostPath (bare host directory volume)");
    out.field(level, "Path", hostPath.path);
    out.field(level, "HostPathType", hostPath.type ?? "");
  } else if (emptyDir) {
    type("EmptyDir (a temporary directory that shares a pod's lifetime)");
    out.field(level, "Medium", emptyDir.medium ?? "");
    out.field(level, "SizeLimit", emptyDir.sizeLimit ?? "<unset>");
  } else if (configMap) {
    type("ConfigMap (a volume populated by a ConfigMap)");
    out.field(level, "Name", configMap.name ?? "");
    out.field(level, "Optional", configMap.optional ?? false);
  } else if (secret) {
    type("Secret (a volume populated by a Secret)");
    out.field(level, "SecretName", secret.secretName ?? "");
    out.field(level, "Optional", secret.optional ?? false);
  } else if (persistentVolumeClaim) {
    type("PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)");
    out.field(level, "ClaimName", persistentVolumeClaim.claimName);
    out.field(level, "ReadOnly", persistentVolumeClaim.readOnly ?? false);
  } else if (projected) {
    type("Projected (a volume that contains injected data from multiple sources)");
    for (const source of projected.sources ?? []) {
      if (source.secret)
        out.field(level, "SecretName", `${source.secret.name}\n${"  ".repeat(level)}Optional:\t${source.secret.optional ?? false}`);
      else if (source.downwardAPI) out.field(level, "DownwardAPI", "true");
      else if (source.configMap)
        out.field(
          level,
          "ConfigMapName",
          `${source.configMap.name}\n${"  ".repeat(level)}Optional:\t${source.configMap.optional ?? false}`,
        );
      else if (source.serviceAccountToken) out.field(level, "TokenExpirationSeconds", source.serviceAccountToken.expirationSeconds ?? 3600);
    }
  } else if (downwardAPI) {
    type("DownwardAPI (a volume populated by information about the pod)");
    out.line(level, "Items:");
    for (const item of downwardAPI.items ?? []) if (item.fieldRef) out.line(level + 1, `${item.fieldRef.fieldPath} -> ${item.path}`);
  } else if (nfs) {
    type("NFS (an NFS mount that lasts the lifetime of a pod)");
    out.field(level, "Server", nfs.server);
    out.field(level, "Path", nfs.path);
    out.field(level, "ReadOnly", nfs.readOnly ?? false);
  } else if (csi) {
    type("CSI (a Container Storage Interface (CSI) volume source)");
    out.field(level, "Driver", csi.driver);
    out.field(level, "ReadOnly", csi.readOnly ?? false);
  } else out.line(level, "<unknown>");
}

/** The tolerations of a Pod. */
function describeTolerations(out: Description, tolerations: readonly Toleration[]): void {
  const text = ({ key = "", value = "", effect = "", operator, tolerationSeconds }: Toleration): string => {
    const parts = [`${key}${value ? `=${value}` : ""}${effect ? `:${effect}` : ""}`];
    if (operator === "Exists" && value === "") parts.push("op=Exists");
    if (tolerationSeconds !== undefined) parts.push(`for ${tolerationSeconds}s`);
    return parts.join(" ").trim();
  };
  if (tolerations.length === 0) out.field(0, "Tolerations", "<none>");
  const sorted = [...tolerations].sort((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
  for (const [index, toleration] of sorted.entries()) out.line(0, `${index === 0 ? "Tolerations:" : ""}\t${text(toleration)}`);
}

/** The template of a workload. */
export function describeTemplate(out: Description, template: { metadata?: Pod["metadata"]; spec?: PodSpec } | undefined): void {
  out.line(0, "Pod Template:");
  const labels = Object.entries(template?.metadata?.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (labels.length === 0) out.line(1, "Labels:\t<none>");
  for (const [index, [key, value]] of labels.entries()) out.line(1, `${index === 0 ? "Labels:" : ""}\t${key}=${value}`);
  const annotations = Object.entries(template?.metadata?.annotations ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [key, value]] of annotations.entries()) out.line(1, `${index === 0 ? "Annotations:" : ""}\t${key}: ${value}`);
  const {
    serviceAccountName,
    initContainers = [],
    containers = [],
    volumes = [],
    priorityClassName,
    nodeSelector,
    tolerations = [],
  } = template?.spec ?? {};
  if (serviceAccountName) out.field(1, "Service Account", serviceAccountName);
  if (initContainers.length > 0) describeContainers(out, "Init Containers", initContainers, undefined, 1);
  describeContainers(out, "Containers", containers, undefined, 1);
  describeVolumes(out, volumes, 1);
  if (priorityClassName) out.field(1, "Priority Class Name", priorityClassName);
  const pairs = Object.entries(nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
  out.field(1, "Node-Selectors", pairs.length === 0 ? "<none>" : pairs.join("\n\t"));
  const texts = tolerations.map(
    ({ key = "", value, effect, operator }) =>
      `${key}${value ? `=${value}` : ""}${effect ? `:${effect}` : ""}${operator === "Exists" ? " op=Exists" : ""}`,
  );
  out.field(1, "Tolerations", texts.length === 0 ? "<none>" : texts.join("\n\t"));
}
