import type { Event, Pod, PodSpec } from "@skiff/api";
import { VirtualClock, type Host } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { Client } from "@skiff/client";
import { MemoryLogSink, SimulatedRuntime, type SimulatedRuntimeOptions } from "@skiff/cri-simulated";
import { createKubelet, type Kubelet } from "../kubelet.ts";
import type { KubeletOptions } from "../kubelet-options.ts";
import { MemoryFileSystem } from "../memory-file-system.ts";
import { MemoryMounter } from "../memory-mounter.ts";
import { simulatedNodeFacts } from "../node-facts.ts";
import type { ProbeTransport } from "../probe-transport.ts";
import { MemoryApi } from "./memory-api.ts";

const PODS = "/api/v1/namespaces/default/pods";

/** A kubelet with everything around it in memory, in virtual time. */
export class TestNode {
  readonly host: Host & { readonly clock: VirtualClock } = testHost();
  readonly clock = this.host.clock;
  readonly api = new MemoryApi(this.clock);
  readonly logs = new MemoryLogSink();
  readonly runtime: SimulatedRuntime;
  readonly fileSystem = new MemoryFileSystem(() => this.clock.now());
  readonly mounter = new MemoryMounter(this.fileSystem);
  kubelet: Kubelet;
  readonly #options: Partial<KubeletOptions>;

  constructor(runtime: SimulatedRuntimeOptions = {}, options: Partial<KubeletOptions> = {}) {
    this.runtime = new SimulatedRuntime(this.host, { podCidr: "10.244.0.0/24", keepConfigs: true, ...runtime });
    this.#options = options;
    this.kubelet = this.#create();
  }

  /** Starts the kubelet and lets everything settle. */
  async start(): Promise<void> {
    void this.kubelet.start();
    await this.clock.advance(1);
  }

  /** Ends the kubelet and starts another one on the same machine. */
  async restart(): Promise<void> {
    await this.kubelet.stop();
    this.kubelet = this.#create();
    await this.start();
  }

  /** Binds a Pod to this node. */
  async run(name: string, spec: Partial<PodSpec>, metadata: Pod["metadata"] = {}): Promise<void> {
    const containers = spec.containers ?? [{ name: "main", image: "example.com/app:1" }];
    const pod: Pod = {
      metadata: { name, namespace: "default", ...metadata },
      spec: { restartPolicy: "Always", terminationGracePeriodSeconds: 30, ...spec, containers, nodeName: "node-1" },
      status: { phase: "Pending", qosClass: "BestEffort" },
    };
    this.api.put(`${PODS}/${name}`, pod);
    await this.clock.advance(1);
  }

  pod(name: string): Pod | undefined {
    return this.api.get(`${PODS}/${name}`);
  }

  delete(name: string, graceSeconds?: number): void {
    this.api.delete(`${PODS}/${name}`, graceSeconds);
  }

  /** Events about Pods as `reason: message`, oldest first. */
  events(): string[] {
    return this.#events().map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** How many times something was reported. */
  eventCount(reason: string): number {
    return this.#events()
      .filter((event) => event.reason === reason)
      .reduce((sum, { count = 1 }) => sum + count, 0);
  }

  #events(): Event[] {
    return this.api.list("/api/v1/events") as Event[];
  }

  #create(): Kubelet {
    return createKubelet({
      host: this.host,
      client: new Client(this.api),
      nodeName: "node-1",
      runtime: this.runtime,
      fileSystem: this.fileSystem,
      mounter: this.mounter,
      imageMounter: { mount: (source, target) => this.mounter.mount({ source, target, type: "overlay", options: ["ro"] }) },
      facts: simulatedNodeFacts(),
      probes: simulatedProbes(this.runtime),
      nodeIps: ["192.168.1.10"],
      clusterDns: ["10.96.0.10"],
      ...this.#options,
    });
  }
}

/** Probes that ask the simulated network. */
function simulatedProbes(runtime: SimulatedRuntime): ProbeTransport {
  return {
    httpGet: async ({ host, port, path }) => {
      const answer = runtime.http(host, port, path);
      if (answer === undefined) return { result: "failure", message: `Get "http://${host}:${port}${path}": connection refused` };
      const good = answer.status >= 200 && answer.status < 400;
      return { result: good ? "success" : "failure", message: good ? "" : `HTTP probe failed with statuscode: ${answer.status}` };
    },
    tcpConnect: async (host, port) =>
      runtime.connect(host, port)
        ? { result: "success", message: "" }
        : { result: "failure", message: `dial tcp ${host}:${port}: connect: connection refused` },
    grpcHealth: async () => ({ result: "unknown", message: "the simulated network has no gRPC" }),
  };
}
