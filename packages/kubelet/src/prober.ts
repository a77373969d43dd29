import type { Host, Timer } from "@skiff/base";
import type { Container, Pod, Probe } from "@skiff/api";
import type { ContainerRuntime } from "./container-runtime.ts";
import { allContainers } from "./pod-containers.ts";
import type { PodEvents } from "./pod-events.ts";
import { attemptProbe, type ProbeTarget } from "./probe-attempt.ts";
import type { ProbeTransport } from "./probe-transport.ts";
import type { ProbeVerdict, ProbeView } from "./probe-view.ts";
import { latestContainer, type RuntimePod } from "./runtime-pod.ts";

type ProbeKind = "startup" | "liveness" | "readiness";

const KINDS: readonly { readonly kind: ProbeKind; readonly word: string; readonly of: (container: Container) => Probe | undefined }[] = [
  { kind: "startup", word: "Startup", of: (container) => container.startupProbe },
  { kind: "liveness", word: "Liveness", of: (container) => container.livenessProbe },
  { kind: "readiness", word: "Readiness", of: (container) => container.readinessProbe },
];

/** An attempt that could not be made is repeated so often before it counts for nothing. */
const MAX_ATTEMPTS = 3;

interface ProbeWorker {
  readonly kind: ProbeKind;
  readonly word: string;
  readonly probe: Probe;
  readonly startedMs: number;
  target: ProbeTarget;
  verdict: ProbeVerdict;
  last: "success" | "failure" | undefined;
  run: number;
  timer: Timer | undefined;
  stopped: boolean;
}

/** What a {@link Prober} works with. */
interface ProberParts {
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, "execSync">;
  readonly transport: ProbeTransport;
  readonly events: PodEvents;
  /** The address at which Pods on the host's network are probed. */
  readonly hostIp: () => string;
  /** A verdict changed. */
  readonly onChange: (podUid: string) => void;
}

/**
 * Probes containers for as long as they run.
 *
 * Guarantees: one attempt at a time for each probe; liveness and readiness wait for the startup probe; a container that
 * failed for good is left alone until it has been replaced; nothing is probed of a Pod after {@link remove}.
 */
export class Prober implements ProbeView {
  readonly #parts: ProberParts;
  /** By container id, then by kind. */
  readonly #workers = new Map<string, Map<ProbeKind, ProbeWorker>>();
  readonly #byPod = new Map<string, Set<string>>();

  constructor(parts: ProberParts) {
    this.#parts = parts;
  }

  /** Probes the containers of the Pod that run now, and no others. */
  sync(pod: Pod, runtime: RuntimePod): void {
    const running = new Set<string>();
    for (const { kind, container } of allContainers(pod)) {
      if (kind === "ephemeral" || KINDS.every(({ of }) => of(container) === undefined)) continue;
      const latest = latestContainer(runtime, container.name);
      if (latest?.state !== "CONTAINER_RUNNING") continue;
      running.add(latest.id);
      const podIp = pod.spec?.hostNetwork ? this.#parts.hostIp() : (runtime.sandboxes[0]?.ips[0] ?? "");
      this.#start({ pod, container, containerId: latest.id, podIp }, latest.startedAtNs / 1e6);
    }
    const known = this.#byPod.get(runtime.uid);
    for (const id of known ?? []) if (!running.has(id)) this.#stop(id);
    if (running.size > 0) this.#byPod.set(runtime.uid, running);
    else this.#byPod.delete(runtime.uid);
  }

  /** From here on only readiness counts: a Pod that is being ended may fail it, and is not started again. */
  onlyReadiness(podUid: string): void {
    for (const id of this.#byPod.get(podUid) ?? []) {
      for (const worker of this.#workers.get(id)?.values() ?? []) if (worker.kind !== "readiness") end(worker);
    }
  }

  remove(podUid: string): void {
    for (const id of this.#byPod.get(podUid) ?? []) this.#stop(id);
    this.#byPod.delete(podUid);
  }

  stop(): void {
    for (const id of this.#workers.keys()) this.#stop(id);
    this.#byPod.clear();
  }

  started(containerId: string): boolean {
    const worker = this.#workers.get(containerId)?.get("startup");
    return worker === undefined || worker.verdict === "success";
  }

  ready(containerId: string): boolean {
    const worker = this.#workers.get(containerId)?.get("readiness");
    return worker === undefined || worker.verdict === "success";
  }

  startup(containerId: string): ProbeVerdict {
    return this.#workers.get(containerId)?.get("startup")?.verdict ?? "success";
  }

  liveness(containerId: string): ProbeVerdict {
    return this.#workers.get(containerId)?.get("liveness")?.verdict ?? "success";
  }

  #start(target: ProbeTarget, startedMs: number): void {
    const existing = this.#workers.get(target.containerId);
    if (existing !== undefined) {
      for (const worker of existing.values()) worker.target = target;
      return;
    }
    const workers = new Map<ProbeKind, ProbeWorker>();
    this.#workers.set(target.containerId, workers);
    for (const { kind, word, of } of KINDS) {
      const probe = of(target.container);
      if (probe === undefined) continue;
      const verdict = firstVerdict(kind, target);
      const worker: ProbeWorker = {
        kind,
        word,
        probe,
        startedMs,
        target,
        verdict,
        last: undefined,
        run: 0,
        timer: undefined,
        stopped: false,
      };
      workers.set(kind, worker);
      if (kind === "startup" && verdict === "success") continue;
      this.#schedule(worker, this.#firstDelayMs(worker));
    }
  }

  /** The first attempt comes at once, or after the initial delay. */
  #firstDelayMs({ probe, startedMs }: ProbeWorker): number {
    return Math.max(0, startedMs + (probe.initialDelaySeconds ?? 0) * 1000 - this.#parts.host.clock.now());
  }

  #schedule(worker: ProbeWorker, delayMs: number): void {
    if (worker.stopped) return;
    // Attempts never reject; their failures are verdicts.
    worker.timer = this.#parts.host.clock.setTimeout(() => void this.#tick(worker), delayMs);
  }

  async #tick(worker: ProbeWorker): Promise<void> {
    const periodMs = (worker.probe.periodSeconds ?? 10) * 1000;
    const waitsForStartup = worker.kind !== "startup" && !this.started(worker.target.containerId);
    if (!waitsForStartup) await this.#attempt(worker);
    const over = worker.kind === "startup" ? worker.verdict !== "unknown" : worker.kind === "liveness" && worker.verdict === "failure";
    if (!over) this.#schedule(worker, periodMs);
  }

  async #attempt(worker: ProbeWorker): Promise<void> {
    const { runtime, transport, events } = this.#parts;
    const { target, probe, word } = worker;
    let attempt = await attemptProbe(runtime, transport, probe, target);
    for (let count = 1; attempt.result === "unknown" && count < MAX_ATTEMPTS && !worker.stopped; count++) {
      attempt = await attemptProbe(runtime, transport, probe, target);
    }
    if (worker.stopped) return;
    if (attempt.result !== "success") {
      const message =
        attempt.result === "failure" ? `${word} probe failed: ${attempt.message}` : `${word} probe errored: ${attempt.message}`;
      events.container(target.pod, target.container, "Warning", "Unhealthy", message);
    }
    if (attempt.result === "unknown") return;
    worker.run = worker.last === attempt.result ? worker.run + 1 : 1;
    worker.last = attempt.result;
    const threshold = attempt.result === "success" ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (worker.run < threshold || worker.verdict === attempt.result) return;
    worker.verdict = attempt.result;
    if (worker.kind === "startup" && attempt.result === "success") this.#wakeOthers(worker);
    this.#parts.onChange(target.pod.metadata?.uid ?? "");
  }

  /** Once the container has started, its other probes need not wait for their next turn. */
  #wakeOthers(startup: ProbeWorker): void {
    for (const worker of this.#workers.get(startup.target.containerId)?.values() ?? []) {
      if (worker === startup || worker.stopped) continue;
      worker.timer?.cancel();
      this.#schedule(worker, this.#firstDelayMs(worker));
    }
  }

  #stop(containerId: string): void {
    for (const worker of this.#workers.get(containerId)?.values() ?? []) end(worker);
    this.#workers.delete(containerId);
  }
}

/**
 * Not ready until shown to be; alive until shown not to be. A container that the last life of this kubelet found ready, or
 * started, stays so until a probe says otherwise, so that a restart of the kubelet takes no Pod out of its Services.
 */
function firstVerdict(kind: ProbeKind, { pod, container, containerId }: ProbeTarget): ProbeVerdict {
  if (kind === "liveness") return "success";
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const known = [...containerStatuses, ...initContainerStatuses].find(
    ({ name, containerID }) => name === container.name && containerID?.endsWith(`://${containerId}`),
  );
  if (kind === "startup") return known?.started === true ? "success" : "unknown";
  return known?.ready === true ? "success" : "failure";
}

function end(worker: ProbeWorker): void {
  worker.stopped = true;
  worker.timer?.cancel();
}
