import type { Kubelet } from "../kubelet.ts";
import { podIdentity } from "../pod-containers.ts";
import type { PodWorker } from "../pod-worker.ts";
import { latestContainer, readRuntimePod, readySandbox } from "../runtime-pod.ts";
import { KubeletRequestError } from "./kubelet-request.ts";

/** Whether a path is one of those whose connections go through to the runtime. */
export function isStreamPath(path: string): boolean {
  return /^\/(exec|attach|portForward)\//.test(path);
}

/**
 * The address at the runtime's streaming server to which an `exec`, `attach` or `portForward` connection is passed on.
 *
 * Errors: a KubeletRequestError when there is no such Pod or container, or it does not run.
 */
export async function runtimeStreamUrl(kubelet: Kubelet, path: string, query: URLSearchParams): Promise<string> {
  const [, action, namespace = "", podName = "", ...rest] = path.split("/");
  const worker = kubelet.pods.find(namespace, podName);
  if (worker === undefined) throw new KubeletRequestError(404, `pod "${podName}" does not exist`);
  const { runtime } = kubelet.parts;
  if (action === "portForward") {
    const sandbox = readySandbox(await observe(kubelet, worker));
    if (sandbox === undefined) throw new KubeletRequestError(400, `sandbox of pod "${podName}" is not running`);
    const ports = query.getAll("port").flatMap((text) => text.split(",").map(Number));
    return runtime.portForward(
      sandbox.id,
      ports.filter((port) => Number.isInteger(port) && port > 0 && port < 65_536),
    );
  }
  // With four names the third is the Pod's UID, which says nothing that its name does not.
  const containerName = rest.at(-1) ?? "";
  const container = latestContainer(await observe(kubelet, worker), containerName);
  // Upstream's words and status, for those that have ended as well: only running ones are looked for.
  if (container?.state !== "CONTAINER_RUNNING") throw new KubeletRequestError(500, `container not found ("${containerName}")`);
  const flag = (...names: string[]): boolean => names.some((name) => ["1", "true"].includes(query.get(name) ?? ""));
  const tty = flag("tty");
  const streams = {
    containerId: container.id,
    stdin: flag("input", "stdin"),
    stdout: flag("output", "stdout"),
    // A terminal has one output.
    stderr: flag("error", "stderr") && !tty,
    tty,
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw new KubeletRequestError(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return action === "exec" ? runtime.exec({ ...streams, command: query.getAll("command") }) : runtime.attach(streams);
}

function observe(kubelet: Kubelet, worker: PodWorker): ReturnType<typeof readRuntimePod> {
  return readRuntimePod(kubelet.parts.runtime, podIdentity(worker.pod));
}
