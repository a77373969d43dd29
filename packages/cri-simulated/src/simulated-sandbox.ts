import type { PodSandbox, PodSandboxConfig, PodSandboxStatus, SandboxState } from "@skiff/kubelet";
import type { SimulatedContainer } from "./simulated-container.ts";

/** One sandbox: what is kept of its configuration, its addresses and its containers. */
export class SimulatedSandbox {
  readonly id: string;
  readonly metadata: PodSandboxConfig["metadata"];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly logDirectory: string;
  readonly hostNetwork: boolean;
  readonly createdAtNs: number;
  readonly ips: readonly string[];
  readonly containers: SimulatedContainer[] = [];
  state: SandboxState = "SANDBOX_READY";

  constructor(id: string, config: PodSandboxConfig, ips: readonly string[], createdAtNs: number) {
    this.id = id;
    this.metadata = config.metadata;
    this.labels = config.labels;
    this.annotations = config.annotations;
    this.logDirectory = config.logDirectory;
    this.hostNetwork = config.linux.namespaceOptions.network === "NODE";
    this.ips = ips;
    this.createdAtNs = createdAtNs;
  }

  summary(): PodSandbox {
    const { id, metadata, state, createdAtNs, labels, annotations } = this;
    return { id, metadata, state, createdAtNs, labels, annotations };
  }

  status(): PodSandboxStatus {
    return { ...this.summary(), ips: this.ips };
  }
}
