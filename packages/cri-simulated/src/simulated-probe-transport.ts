import { type Clock, sleep } from "@skiff/base";
import type { HttpProbeRequest, ProbeAttempt, ProbeTransport } from "@skiff/kubelet";
import type { SimulatedRuntime } from "./simulated-runtime.ts";

/** How the kubelet of a simulated node reaches its Pods: it asks the {@link SimulatedRuntime}, and waits as long as the Pod takes. */
export class SimulatedProbeTransport implements ProbeTransport {
  readonly #runtime: SimulatedRuntime;
  readonly #clock: Clock;

  constructor(runtime: SimulatedRuntime, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  async httpGet({ scheme, host, port, path, timeoutMs }: HttpProbeRequest): Promise<ProbeAttempt> {
    const url = `${scheme}://${addressOf(host, port)}${path}`;
    const answer = this.#runtime.http(host, port, path);
    if (answer === undefined) return failure(`Get "${url}": ${refused(host, port)}`);
    if (answer.delayMs > 0) await sleep(this.#clock, Math.min(answer.delayMs, timeoutMs));
    if (answer.delayMs >= timeoutMs) {
      return failure(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`);
    }
    const { status } = answer;
    return status >= 200 && status < 400 ? SUCCESS : failure(`HTTP probe failed with statuscode: ${status}`);
  }

  async tcpConnect(host: string, port: number): Promise<ProbeAttempt> {
    return this.#runtime.connect(host, port) ? SUCCESS : failure(refused(host, port));
  }

  /** A Pod that accepts connections serves. */
  async grpcHealth(host: string, port: number, _service: string, timeoutMs: number): Promise<ProbeAttempt> {
    if (this.#runtime.connect(host, port)) return SUCCESS;
    const limit = `within ${timeoutMs / 1000}s: context deadline exceeded`;
    return failure(`timeout: failed to connect service "${addressOf(host, port)}" ${limit}`);
  }
}

const SUCCESS: ProbeAttempt = Object.freeze({ result: "success", message: "" });

function failure(message: string): ProbeAttempt {
  return { result: "failure", message };
}

function refused(host: string, port: number): string {
  return `dial tcp ${addressOf(host, port)}: connect: connection refused`;
}

function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
