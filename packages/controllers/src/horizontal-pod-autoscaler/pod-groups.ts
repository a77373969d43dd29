import { parseTime } from "@skiff/base";
import { isSidecar, tryParseQuantity, type Pod } from "@skiff/api";
import { readyCondition } from "../pods/pod-state.ts";
import type { PodReading } from "./metric-reading.ts";

/** A Pod's CPU is not trusted for so long after its start, until it has been ready for a whole span of measurement (upstream's default). */
const CPU_INITIALIZATION_MS = 5 * 60_000;
/** A Pod that became unready within this time after its start has never been ready (upstream's default). */
const INITIAL_READINESS_DELAY_MS = 30_000;

/** The Pods of a scale target, by what their measurements are worth. */
export interface PodGroups {
  /** Measured, and counted as they are. */
  readonly measured: ReadonlyMap<string, PodReading>;
  /** Not ready yet: they count only against scaling up. */
  readonly unready: readonly string[];
  /** Without a measurement. */
  readonly missing: readonly string[];
}

/** Sorts Pods as upstream does. Pods that are being deleted or have failed are in no group. */
export function groupPods(pods: readonly Pod[], readings: ReadonlyMap<string, PodReading>, isCpu: boolean, nowMs: number): PodGroups {
  const measured = new Map<string, PodReading>();
  const unready: string[] = [];
  const missing: string[] = [];
  for (const pod of pods) {
    const name = pod.metadata?.name ?? "";
    const reading = readings.get(name);
    if (pod.metadata?.deletionTimestamp !== undefined || pod.status?.phase === "Failed") continue;
    if (pod.status?.phase === "Pending") unready.push(name);
    else if (reading === undefined) missing.push(name);
    else if (isCpu && !isCpuTrusted(pod, reading, nowMs)) unready.push(name);
    else measured.set(name, reading);
  }
  return { measured, unready, missing };
}

function isCpuTrusted(pod: Pod, { timeMs, windowMs }: PodReading, nowMs: number): boolean {
  const condition = readyCondition(pod);
  const startMs = parseTime(pod.status?.startTime);
  if (condition === undefined || startMs === undefined) return false;
  const changedMs = parseTime(condition.lastTransitionTime) ?? 0;
  if (startMs + CPU_INITIALIZATION_MS > nowMs) return condition.status !== "False" && timeMs >= changedMs + windowMs;
  return condition.status !== "False" || startMs + INITIAL_READINESS_DELAY_MS <= changedMs;
}

/** What each Pod asks for of a resource, in thousandths, or why that cannot be said. With `container`: what that one asks for. */
export function podRequests(
  pods: readonly Pod[],
  resource: string,
  container: string | undefined,
): ReadonlyMap<string, number> | { readonly error: string } {
  const requests = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    const name = metadata?.name ?? "";
    const wholePod = container === undefined ? tryParseQuantity(spec?.resources?.requests?.[resource]) : undefined;
    let sum = Number(wholePod?.milliValue() ?? 0n);
    const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)];
    for (const each of wholePod === undefined ? all : []) {
      if (container !== undefined && each.name !== container) continue;
      const request = tryParseQuantity(each.resources?.requests?.[resource]);
      if (request === undefined) return { error: `missing request for ${resource} in container ${each.name} of Pod ${name}` };
      sum += Number(request.milliValue());
    }
    requests.set(name, sum);
  }
  return requests;
}
