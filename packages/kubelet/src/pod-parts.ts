import type { Host } from "@skiff/base";
import type { Pod } from "@skiff/api";
import type { Backoff } from "./backoff.ts";
import type { CgroupManager } from "./cgroups.ts";
import type { ContainerRuntime } from "./container-runtime.ts";
import type { ContainerStarter } from "./container-starter.ts";
import type { ContainerStopper } from "./container-stopper.ts";
import type { FileSystem } from "./file-system.ts";
import type { ImageManager } from "./image-manager.ts";
import type { HookParts } from "./lifecycle-hooks.ts";
import type { AdmissionDecision } from "./pod-admission.ts";
import type { PodEvents } from "./pod-events.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { Prober } from "./prober.ts";
import type { SandboxSettings } from "./sandbox-config.ts";
import type { StatusManager } from "./status-manager.ts";
import type { ImageVolumes } from "./volumes/image-volumes.ts";
import type { VolumeManager } from "./volumes/volume-manager.ts";

/** All that Pod workers of one kubelet share. */
export interface PodParts {
  readonly host: Host;
  readonly runtime: ContainerRuntime;
  readonly settings: SandboxSettings;
  readonly fileSystem: FileSystem;
  readonly facts: Pick<NodeFacts, "resolvConf" | "hostsFile">;
  readonly images: ImageManager;
  readonly imageVolumes: ImageVolumes;
  readonly volumes: VolumeManager;
  readonly prober: Prober;
  readonly stopper: ContainerStopper;
  readonly starter: ContainerStarter;
  readonly hooks: HookParts;
  readonly events: PodEvents;
  readonly statuses: StatusManager;
  readonly cgroups: CgroupManager;
  /** Delays between restarts, by container. */
  readonly restarts: Backoff;
  /** `containerd`, once the runtime has said so. */
  readonly runtimeName: () => string;
  readonly hostIps: () => readonly string[];
  readonly allocatable: () => Readonly<Record<string, string>>;
  readonly memoryCapacityBytes: () => number;
  /** The Pods that take resources of the node, without this one. */
  readonly otherPods: (pod: Pod) => readonly Pod[];
  /** Whether the node takes a Pod on. */
  readonly admit: (pod: Pod) => AdmissionDecision;
  /** Why no sandbox can be made now (the network is not ready, say); undefined when nothing is in the way. */
  readonly notReady: (pod: Pod) => string | undefined;
  /** What the runtime calls the Pod's RuntimeClass; undefined for the default. Rejects when there is no such class. */
  readonly runtimeHandler: (pod: Pod) => Promise<string | undefined>;
  /** How often a Pod is looked at when nothing happens. */
  readonly resyncMs: number;
}
