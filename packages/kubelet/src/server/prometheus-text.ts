import type { Kubelet } from "../kubelet.ts";
import type { NodeUsage } from "./usage-stats.ts";

/** One metric in the text format of Prometheus. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number; readonly timeMs?: number }[];
}

/** The content type of the text format. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics in the text format of Prometheus, in the order given. */
export function prometheusText(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const { name, help, type, samples } of metrics) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { labels, value, timeMs } of samples) {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`);
      lines.push(
        `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}${timeMs === undefined ? "" : ` ${Math.round(timeMs)}`}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** `GET /metrics/resource`: what metrics-server reads. */
export function resourceMetrics(usage: NodeUsage): Metric[] {
  const { containers, machine, timeMs } = usage;
  const byContainer = (value: (stats: NodeUsage["containers"][number]["stats"]) => number): Metric["samples"] =>
    containers.map(({ container, namespace, pod, stats }) => ({
      labels: { container, namespace, pod },
      value: value(stats),
      timeMs: stats.timestampNs / 1e6,
    }));
  const byPod = (value: (stats: NodeUsage["containers"][number]["stats"]) => number): Metric["samples"] => {
    const sums = new Map<string, { labels: Record<string, string>; value: number; timeMs: number }>();
    for (const { namespace, pod, podUid, stats } of containers) {
      const sum = sums.get(podUid) ?? { labels: { namespace, pod }, value: 0, timeMs: stats.timestampNs / 1e6 };
      sum.value += value(stats);
      sums.set(podUid, sum);
    }
    return [...sums.values()];
  };
  const cpu = (stats: { cpuUsageNs: number }): number => stats.cpuUsageNs / 1e9;
  const memory = (stats: { memoryWorkingSetBytes: number }): number => stats.memoryWorkingSetBytes;
  const cpuHelp = (what: string): string => `[STABLE] Cumulative cpu time consumed by the ${what} in core-seconds`;
  const memoryHelp = (what: string): string => `[STABLE] Current working set of the ${what} in bytes`;
  const single = (value: number): Metric["samples"] => [{ labels: {}, value, timeMs }];
  return [
    { name: "container_cpu_usage_seconds_total", help: cpuHelp("container"), type: "counter", samples: byContainer(cpu) },
    { name: "container_memory_working_set_bytes", help: memoryHelp("container"), type: "gauge", samples: byContainer(memory) },
    {
      name: "container_start_time_seconds",
      help: "[STABLE] Start time of the container since unix epoch in seconds",
      type: "gauge",
      samples: containers.flatMap(({ container, namespace, pod, startedAtMs }) =>
        startedAtMs === undefined ? [] : [{ labels: { container, namespace, pod }, value: startedAtMs / 1000 }],
      ),
    },
    { name: "node_cpu_usage_seconds_total", help: cpuHelp("node"), type: "counter", samples: single(machine.cpuUsageNs / 1e9) },
    { name: "node_memory_working_set_bytes", help: memoryHelp("node"), type: "gauge", samples: single(machine.memoryWorkingSetBytes) },
    { name: "pod_cpu_usage_seconds_total", help: cpuHelp("pod"), type: "counter", samples: byPod(cpu) },
    { name: "pod_memory_working_set_bytes", help: memoryHelp("pod"), type: "gauge", samples: byPod(memory) },
    {
      name: "resource_scrape_error",
      help: "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
      type: "gauge",
      samples: [{ labels: {}, value: 0 }],
    },
  ];
}

/** `GET /metrics/cadvisor`: the few that dashboards look at, from what the runtime tells. */
export function cadvisorMetrics(usage: NodeUsage): Metric[] {
  const of = (value: (stats: NodeUsage["containers"][number]["stats"]) => number): Metric["samples"] =>
    usage.containers.map(({ container, namespace, pod, stats }) => ({
      labels: { container, id: stats.containerId, namespace, pod },
      value: value(stats),
      timeMs: stats.timestampNs / 1e6,
    }));
  return [
    {
      name: "container_cpu_usage_seconds_total",
      help: "Cumulative cpu time consumed in seconds.",
      type: "counter",
      samples: of(({ cpuUsageNs }) => cpuUsageNs / 1e9),
    },
    {
      name: "container_memory_working_set_bytes",
      help: "Current working set in bytes.",
      type: "gauge",
      samples: of(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    },
    {
      name: "container_fs_usage_bytes",
      help: "Number of bytes that are consumed by the container on this filesystem.",
      type: "gauge",
      samples: of(({ writableLayerBytes }) => writableLayerBytes),
    },
  ];
}

/** `GET /metrics`: the kubelet's own. */
export function kubeletMetrics(kubelet: Kubelet): Metric[] {
  const workers = kubelet.pods.list();
  const running = workers.filter(({ state }) => state.name === "Active").length;
  return [
    {
      name: "kubelet_node_name",
      help: "[STABLE] The node's name. The count is always 1.",
      type: "gauge",
      samples: [{ labels: { node: kubelet.nodeName }, value: 1 }],
    },
    {
      name: "kubelet_desired_pods",
      help: "[ALPHA] The number of pods the kubelet is being instructed to run.",
      type: "gauge",
      samples: [{ labels: {}, value: workers.length }],
    },
    {
      name: "kubelet_running_pods",
      help: "[ALPHA] Number of pods that have a running pod sandbox",
      type: "gauge",
      samples: [{ labels: {}, value: running }],
    },
  ];
}
