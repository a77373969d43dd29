import type { Taint } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { Client, EventRecorder, InformerFactory } from "@skiff/client";
import type { CgroupManager } from "./cgroups.ts";
import type { ContainerRuntime } from "./container-runtime.ts";
import type { FileSystem } from "./file-system.ts";
import type { KubeletSources } from "./kubelet-sources.ts";
import type { LogRotationLimits } from "./logs/log-rotation.ts";
import type { Mounter } from "./mounter.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { PodDirectories } from "./pod-directories.ts";
import type { ProbeTransport } from "./probe-transport.ts";
import type { ImageMounter } from "./volumes/image-volumes.ts";

/** Everything that a kubelet is made of. */
export interface KubeletOptions {
  readonly host: Host;
  readonly client: Client;
  readonly nodeName: string;
  /** The kubelet does not close it. */
  readonly runtime: ContainerRuntime;
  readonly fileSystem: FileSystem;
  readonly mounter: Mounter;
  /** Default: Pods with image volumes do not start. */
  readonly imageMounter?: ImageMounter;
  readonly facts: NodeFacts;
  readonly probes: ProbeTransport;
  /** Default: the runtime makes control groups as needed. */
  readonly cgroups?: CgroupManager;
  /** Default: one that writes through `client`, which the kubelet stops with itself. */
  readonly recorder?: Pick<EventRecorder, "event">;
  /**
   * Where objects are read. What is left out is watched through `client`: the Pods of this node, this node, all
   * Services, and each ConfigMap and Secret that a Pod refers to. Many kubelets in one process share theirs.
   */
  readonly sources?: Partial<KubeletSources>;
  /** Makes the informers that `sources` lacks. Default: one of the kubelet's own, which is stopped with it. */
  readonly informers?: InformerFactory;

  /** The node's addresses, the primary one first. */
  readonly nodeIps: readonly string[];
  /** Default: the node's name. */
  readonly hostname?: string;
  /** Set by the node's own, beside those that every node has. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Given to the node when it is registered. */
  readonly taints?: readonly Taint[];
  readonly providerId?: string;
  /** Where the kubelet's server listens, for `status.daemonEndpoints`. Default 10250. */
  readonly port?: number;
  /** Default 110. */
  readonly maxPods?: number;
  /** `v1.36.0`, as the node reports it. */
  readonly kubernetesVersion?: string;
  /** Kept from Pods: cores, and bytes. */
  readonly reserved?: Readonly<Record<"cpu" | "memory" | "ephemeral-storage", number>>;
  /** The Pod network when the node object does not say; normally `spec.podCIDR` does. */
  readonly podCidr?: string;
  readonly clusterDns?: readonly string[];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Default `/var/lib/kubelet` and `/var/log/pods`. */
  readonly directories?: PodDirectories;
  /**
   * The control group below which `/kubepods` lies, for example `/skiff/node-1`. Default: the root. `cgroups` must be made
   * for the same one.
   */
  readonly cgroupParent?: string;
  /** Default: no limit. */
  readonly podPidsLimit?: number;
  /** Images pulled at the same time. Default 5. */
  readonly maxParallelPulls?: number;
  /** Default: 10 MiB and 5 files. `false` for simulated nodes, whose logs are not files. */
  readonly logRotation?: LogRotationLimits | false;
  /** Whether the node looks after its memory and disk: evicts Pods, removes images. Default true; simulated nodes have neither. */
  readonly eviction?: boolean;
  /** How often a Pod is looked at when nothing happens, in milliseconds. Default one minute. */
  readonly resyncMs?: number;
  /** How often left-overs are looked for, in milliseconds. Default one minute. */
  readonly housekeepingMs?: number;
}
