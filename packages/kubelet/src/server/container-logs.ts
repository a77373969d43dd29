import { parseTime } from "@skiff/base";
import type { Kubelet } from "../kubelet.ts";
import { containerLogStream, type LogOptions } from "../logs/container-log-stream.ts";
import { findContainer, podIdentity } from "../pod-containers.ts";
import type { PodWorker } from "../pod-worker.ts";
import { readRuntimePod, type RuntimeContainer } from "../runtime-pod.ts";
import { KubeletRequestError, type KubeletRequest, type KubeletResponse } from "./kubelet-request.ts";

/** `GET /containerLogs/{namespace}/{pod}/{container}`. Errors: a KubeletRequestError in upstream's words. */
export async function containerLogs(kubelet: Kubelet, request: KubeletRequest, names: readonly string[]): Promise<KubeletResponse> {
  const [namespace = "", podName = "", containerName = ""] = names;
  const worker = kubelet.pods.find(namespace, podName);
  if (worker === undefined) throw new KubeletRequestError(404, `pod "${podName}" does not exist`);
  if (findContainer(worker.pod, containerName) === undefined) {
    throw new KubeletRequestError(404, `container "${containerName}" not found in pod "${podName}"`);
  }
  const options = logOptions(request.query, kubelet.parts.host.clock.now());
  const container = await findRun(kubelet, worker, containerName, request.query.get("previous") === "true");
  const { fileSystem, runtime, host } = kubelet.parts;
  const source = {
    fileSystem,
    clock: host.clock,
    path: container.logPath,
    isRunning: async () => (await runtime.containerStatus(container.id))?.state === "CONTAINER_RUNNING",
  };
  const exists = (await fileSystem.stat(source.path)) !== undefined;
  const body = exists ? containerLogStream(source, options, request.signal) : nothing();
  return { status: 200, contentType: "text/plain", body };
}

// eslint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<Uint8Array> {}

/** The run of the container whose log is wanted: the newest that was started, or the one before. */
async function findRun(kubelet: Kubelet, worker: PodWorker, name: string, previous: boolean): Promise<RuntimeContainer> {
  const podName = worker.pod.metadata?.name;
  const runtime = await readRuntimePod(kubelet.parts.runtime, podIdentity(worker.pod));
  const runs = runtime.containers.filter((container) => container.name === name && container.state !== "CONTAINER_CREATED");
  const [latest] = runs;
  if (previous) {
    // While it waits to be started again, the run that is over is the newest one.
    const status = kubelet.parts.statuses.get(worker.uid);
    const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    const last = statuses.find((candidate) => candidate.name === name)?.lastState?.terminated?.containerID;
    const run = runs.find(({ id }) => last?.endsWith(`//${id}`)) ?? runs.slice(1).find(({ state }) => state === "CONTAINER_EXITED");
    if (run !== undefined) return run;
    throw new KubeletRequestError(400, `previous terminated container "${name}" in pod "${podName}" not found`);
  }
  if (latest !== undefined) return latest;
  const status = kubelet.parts.statuses.get(worker.uid);
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const waiting = all.find((candidate) => candidate.name === name)?.state?.waiting;
  if (waiting?.reason === undefined) throw new KubeletRequestError(400, `container "${name}" in pod "${podName}" is not available`);
  const why = waiting.message && waiting.reason !== "ContainerCreating" && waiting.reason !== "PodInitializing";
  const words = why
    ? `container "${name}" in pod "${podName}" is waiting to start: ${IMAGE_REASONS.includes(waiting.reason) ? "trying and failing to pull image" : waiting.reason}`
    : `container "${name}" in pod "${podName}" is waiting to start: ${waiting.reason}`;
  throw new KubeletRequestError(400, words);
}

const IMAGE_REASONS: readonly string[] = ["ErrImagePull", "ImagePullBackOff"];

/** Reads `PodLogOptions` from the query. Errors: a KubeletRequestError for what is not a number or a time. */
function logOptions(query: URLSearchParams, now: number): LogOptions {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) throw new KubeletRequestError(400, `invalid value for ${name}: "${text}"`);
    return value;
  };
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const sinceMs = sinceSeconds === undefined ? (sinceTime ? parseTime(sinceTime) : undefined) : now - sinceSeconds * 1000;
  if (sinceTime && sinceMs === undefined) throw new KubeletRequestError(400, `invalid value for sinceTime: "${sinceTime}"`);
  const stream = query.get("stream")?.toLowerCase();
  return {
    follow: query.get("follow") === "true",
    timestamps: query.get("timestamps") === "true",
    tailLines: number("tailLines"),
    limitBytes: number("limitBytes"),
    sinceMs,
    ...(stream === "stdout" || stream === "stderr" ? { stream } : {}),
  };
}
