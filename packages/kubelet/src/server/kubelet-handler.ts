import { messageOf } from "@skiff/base";
import type { Pod } from "@skiff/api";
import type { Kubelet } from "../kubelet.ts";
import { podOf } from "../runtime-pod.ts";
import { CONTAINER_NAME_LABEL } from "../runtime-labels.ts";
import { containerLogs } from "./container-logs.ts";
import { jsonResponse, KubeletRequestError, textResponse, type KubeletRequest, type KubeletResponse } from "./kubelet-request.ts";
import {
  cadvisorMetrics,
  kubeletMetrics,
  PROMETHEUS_CONTENT_TYPE,
  prometheusText,
  resourceMetrics,
  type Metric,
} from "./prometheus-text.ts";
import { statsSummary } from "./stats-summary.ts";
import { UsageStats } from "./usage-stats.ts";

/** Answers requests to the kubelet that are not passed on to the runtime. Never rejects. */
export type KubeletHandler = (request: KubeletRequest) => Promise<KubeletResponse>;

/** The kubelet's HTTP API, without the network: authentication and authorisation come before it. */
export function kubeletHandler(kubelet: Kubelet): KubeletHandler {
  const usage = new UsageStats(kubelet);
  const metrics = (list: readonly Metric[]): KubeletResponse => ({
    status: 200,
    contentType: PROMETHEUS_CONTENT_TYPE,
    body: prometheusText(list),
  });
  const routes: Readonly<Record<string, () => Promise<KubeletResponse> | KubeletResponse>> = {
    "/healthz": () => ({ status: 200, contentType: "text/plain; charset=utf-8", body: "ok" }),
    "/healthz/ping": () => ({ status: 200, contentType: "text/plain; charset=utf-8", body: "ok" }),
    "/pods": () => jsonResponse(podList(kubelet)),
    "/runningpods": async () => jsonResponse(await runningPods(kubelet)),
    "/stats/summary": async () => jsonResponse(statsSummary(kubelet, await usage.read())),
    "/metrics": () => metrics(kubeletMetrics(kubelet)),
    "/metrics/resource": async () => metrics(resourceMetrics(await usage.read())),
    "/metrics/cadvisor": async () => metrics(cadvisorMetrics(await usage.read())),
    "/metrics/probes": () => metrics([]),
    "/configz": () => jsonResponse({ kubeletconfig: configuration(kubelet) }),
  };
  return async (request) => {
    try {
      if (request.method !== "GET") return textResponse(405, "405: Method Not Allowed");
      const path = request.path.length > 1 ? request.path.replace(/\/$/, "") : request.path;
      const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
      if (route !== undefined) return await route();
      const [, root, ...names] = path.split("/");
      if (root === "containerLogs" && names.length === 3) return await containerLogs(kubelet, request, names);
      return textResponse(404, "404: Page Not Found");
    } catch (error) {
      if (error instanceof KubeletRequestError) return textResponse(error.status, error.message);
      kubelet.parts.host.log.warn("a request to the kubelet failed", { path: request.path, error: messageOf(error) });
      return textResponse(500, messageOf(error));
    }
  };
}

/** The Pods that the node looks after, with their newest status. */
function podList(kubelet: Kubelet): unknown {
  const items = kubelet.pods.list().map(({ pod, uid }): Pod => ({ ...pod, status: kubelet.parts.statuses.get(uid) ?? pod.status }));
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items };
}

/** What the runtime runs, whether or not the API knows of it. */
async function runningPods(kubelet: Kubelet): Promise<unknown> {
  const pods = new Map<string, Pod>();
  for (const container of await kubelet.parts.runtime.listContainers()) {
    const identity = podOf(container);
    if (identity === undefined || container.state !== "CONTAINER_RUNNING") continue;
    const pod = pods.get(identity.uid) ?? { metadata: { ...identity }, spec: { containers: [] }, status: {} };
    pod.spec?.containers.push({ name: container.labels[CONTAINER_NAME_LABEL] ?? "", image: container.image });
    pods.set(identity.uid, pod);
  }
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items: [...pods.values()] };
}

function configuration(kubelet: Kubelet): unknown {
  const { settings } = kubelet.parts;
  return {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    clusterDNS: settings.clusterDns,
    clusterDomain: settings.clusterDomain,
    cgroupDriver: "cgroupfs",
    podLogsDir: settings.directories.logs,
    ...(settings.podPidsLimit === undefined ? {} : { podPidsLimit: settings.podPidsLimit }),
  };
}
