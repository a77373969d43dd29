import type { Container, HTTPGetAction, Pod, Probe } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { ContainerRuntime } from "./container-runtime.ts";
import { podIdentity } from "./pod-containers.ts";
import type { HttpProbeRequest, ProbeAttempt, ProbeTransport } from "./probe-transport.ts";

/** Output of a command that goes into an event; the rest is cut off. */
const MAX_OUTPUT_BYTES = 10 * 1024;

/** What a probe is made with. */
export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** The Pod's address; the node's when it is on the host's network. */
  readonly podIp: string;
}

/** Makes one attempt of a probe. Never rejects. */
export async function attemptProbe(
  runtime: Pick<ContainerRuntime, "execSync">,
  transport: ProbeTransport,
  probe: Probe,
  target: ProbeTarget,
): Promise<ProbeAttempt> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  const timeoutMs = timeoutSeconds * 1000;
  try {
    if (probe.exec) return await execProbe(runtime, target.containerId, probe.exec.command ?? [], timeoutSeconds);
    if (probe.httpGet) return await transport.httpGet(httpRequest(probe.httpGet, target, timeoutMs));
    if (probe.tcpSocket) {
      const port = resolvePort(probe.tcpSocket.port, target.container);
      return await transport.tcpConnect(probe.tcpSocket.host || target.podIp, port, timeoutMs);
    }
    if (probe.grpc) return await transport.grpcHealth(target.podIp, probe.grpc.port, probe.grpc.service ?? "", timeoutMs);
    const { name, namespace } = podIdentity(target.pod);
    return { result: "unknown", message: `missing probe handler for ${namespace}/${name}:${target.container.name}` };
  } catch (error) {
    return { result: "unknown", message: messageOf(error) };
  }
}

async function execProbe(
  runtime: Pick<ContainerRuntime, "execSync">,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeAttempt> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds);
    const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT_BYTES).toString("utf8");
    return { result: exitCode === 0 ? "success" : "failure", message: output };
  } catch (error) {
    const code = (error as { code?: string }).code;
    // A command that takes too long is a verdict on the container; anything else is not.
    if (code === "DEADLINE_EXCEEDED") {
      return { result: "failure", message: `command timed out: "${command.join(" ")}" timed out after ${timeoutSeconds}s` };
    }
    return { result: "unknown", message: messageOf(error) };
  }
}

/** The request that an `httpGet` action stands for. Errors: throws when it names a port that the container does not have. */
export function httpRequest(action: HTTPGetAction, target: Pick<ProbeTarget, "container" | "podIp">, timeoutMs: number): HttpProbeRequest {
  const headers = (action.httpHeaders ?? []).map(({ name, value }) => ({ name, value }));
  const path = action.path ?? "/";
  return {
    scheme: action.scheme === "HTTPS" ? "https" : "http",
    host: action.host || target.podIp,
    port: resolvePort(action.port, target.container),
    path: path.startsWith("/") ? path : `/${path}`,
    headers,
    timeoutMs,
  };
}

/** The number of a port that is given by number or by the name of one of the container's ports. */
function resolvePort(port: number | string, container: Container): number {
  const number = typeof port === "number" ? port : (container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port));
  if (!Number.isInteger(number) || number <= 0 || number > 65_535)
    throw new Error(`couldn't find port: ${port} in container ${container.name}`);
  return number;
}
