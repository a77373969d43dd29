import { componentHost, messageOf, sleep, type Host } from "@skiff/base";
import { configMapKind, nodeKind, podKind, secretKind, serviceKind, type Pod } from "@skiff/api";
import { EventRecorder, InformerFactory } from "@skiff/client";
import { Backoff } from "./backoff.ts";
import { noCgroups } from "./cgroups.ts";
import { ContainerStarter } from "./container-starter.ts";
import { ContainerStopper } from "./container-stopper.ts";
import { EvictionManager } from "./eviction.ts";
import { evictionCandidates } from "./eviction-candidates.ts";
import { ImageCollector } from "./image-collector.ts";
import { ImageManager } from "./image-manager.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import type { KubeletSources } from "./kubelet-sources.ts";
import type { NodeFacts } from "./node-facts.ts";
import { NodeLease } from "./node-lease.ts";
import { NodeStatusReporter } from "./node-status-reporter.ts";
import { NodeUpkeep } from "./node-upkeep.ts";
import { admitPod } from "./pod-admission.ts";
import { DEFAULT_DIRECTORIES } from "./pod-directories.ts";
import { recordedEvents } from "./pod-events.ts";
import { PodLifecycleEvents } from "./pod-lifecycle-events.ts";
import { PodManager } from "./pod-manager.ts";
import type { PodParts } from "./pod-parts.ts";
import { Prober } from "./prober.ts";
import { runtimeHandlerOf } from "./runtime-class.ts";
import { StatusManager } from "./status-manager.ts";
import { emptyDirExcess } from "./volumes/empty-dir-limits.ts";
import { PersistentVolumes } from "./volumes/persistent-volumes.ts";
import { ServiceAccountTokens } from "./volumes/service-account-tokens.ts";
import { ImageVolumes, volumeImages, type ImageMounter } from "./volumes/image-volumes.ts";
import { VolumeManager } from "./volumes/volume-manager.ts";
import { WatchedObjects } from "./watched-objects.ts";

const DEFAULT_VERSION = "v1.36.0";
const DEFAULT_PORT = 10250;
const DEFAULT_MAX_PODS = 110;
const DEFAULT_RESYNC_MS = 60_000;
const NO_IMAGE_MOUNTER: ImageMounter = {
  mount: () => Promise.reject(new Error("this node cannot mount images")),
};
/** The runtime may come up after the kubelet; it is asked again after this. */
const RUNTIME_RETRY_MS = 1000;

/** The node agent. */
export interface Kubelet {
  readonly nodeName: string;
  /** Resolves when the node is registered and the Pods are being looked after; waits for the runtime and the API as long as it takes. */
  start(): Promise<void>;
  /** Ends all work and leaves containers running, so that the next kubelet takes them over. */
  stop(): Promise<void>;
  /** The Pods that this node looks after. */
  readonly pods: PodManager;
  readonly node: NodeStatusReporter;
  /** What the HTTP server and tests need to see. */
  readonly parts: PodParts;
  readonly facts: NodeFacts;
}

/** Builds a kubelet; nothing happens before `start`. */
export function createKubelet(options: KubeletOptions): Kubelet {
  return new NodeAgent(options);
}

class NodeAgent implements Kubelet {
  readonly nodeName: string;
  readonly pods: PodManager;
  readonly node: NodeStatusReporter;
  readonly parts: PodParts;
  readonly facts: NodeFacts;
  readonly #options: KubeletOptions;
  readonly #host: Host;
  readonly #sources: KubeletSources;
  readonly #lease: NodeLease;
  readonly #lifecycle: PodLifecycleEvents;
  readonly #eviction: EvictionManager;
  readonly #upkeep: NodeUpkeep;
  readonly #stop = new AbortController();
  /** What was made here and ends with the kubelet. */
  readonly #owned: { stop(): Promise<void> }[] = [];
  readonly #informers: InformerFactory | undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.nodeName = options.nodeName;
    this.facts = options.facts;
    this.#host = componentHost(options.host, `kubelet ${options.nodeName}`);
    this.#informers = options.informers ?? new InformerFactory(options.client, this.#host);
    if (options.informers === undefined) this.#owned.push(this.#informers);
    this.#sources = this.#completeSources(options.sources ?? {}, this.#informers);
    const inVolumes = (): string[] => this.pods.list().flatMap(({ pod }) => volumeImages(pod));
    const images = new ImageCollector(this.#host.clock, options.runtime, () => options.facts.usage(), inVolumes);
    this.#eviction = this.#createEviction(images);
    this.node = this.#createNodeReporter();
    this.#lease = new NodeLease(options.client, this.#host, options.nodeName, () => this.node.node);
    this.parts = this.#createParts();
    this.pods = new PodManager({ nodeName: options.nodeName, pods: this.parts, sources: this.#sources });
    this.#upkeep = new NodeUpkeep({ host: this.#host, options, pods: this.pods, restarts: this.parts.restarts, images });
    this.#lifecycle = new PodLifecycleEvents({
      host: this.#host,
      runtime: options.runtime,
      hasPods: () => this.pods.size > 0,
      onChange: ({ uid }) => this.pods.runtimeChanged(uid),
    });
  }

  async start(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      try {
        await this.node.prepare();
        break;
      } catch (error) {
        if (signal.aborted) return;
        this.#host.log.warn("waiting for the container runtime", { error: messageOf(error) });
        await sleep(this.#host.clock, RUNTIME_RETRY_MS, signal).catch(() => {});
      }
    }
    if (this.#options.podCidr !== undefined) await this.#options.runtime.updatePodCidr(this.#options.podCidr);
    await this.node.start();
    if (signal.aborted) return;
    this.#lease.start();
    this.#informers?.start();
    this.#sources.nodes.onChange(({ object, type }) => {
      if (object.metadata?.name === this.nodeName && type !== "deleted") void this.node.observe(object);
    });
    // A Pod that starts before the Services are known would lack their variables for good.
    await Promise.all([this.#sources.pods.synced(signal), this.#sources.services.synced(signal)]).catch(() => {});
    if (signal.aborted) return;
    this.pods.start();
    this.#lifecycle.start();
    this.#upkeep.start();
    if (this.#options.eviction ?? true) this.#eviction.start();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("the kubelet was stopped"));
    this.#lifecycle.stop();
    this.#eviction.stop();
    this.#upkeep.stop();
    this.pods.stop();
    this.parts.prober.stop();
    this.parts.statuses.stop();
    this.#lease.stop();
    this.node.stop();
    await Promise.all(this.#owned.map((owned) => owned.stop()));
  }

  #createEviction(images: ImageCollector): EvictionManager {
    const { runtime, facts } = this.#options;
    return new EvictionManager({
      clock: this.#host.clock,
      usage: () => facts.usage(),
      offenders: () => this.#overfullPods(),
      candidates: (resource) => evictionCandidates(runtime, this.pods, resource),
      evict: (pod, reason, message) => {
        this.#host.log.warn("evicting a Pod", { pod: `${pod.metadata?.namespace}/${pod.metadata?.name}`, message });
        this.parts.events.pod(pod, "Warning", reason, message);
        this.pods.get(pod.metadata?.uid ?? "")?.fail(reason, message, 0);
      },
      reclaim: async (resource) => resource !== "memory" && (await images.collectAll()) > 0,
      onChange: () => this.node.soon(),
      onError: (error) => this.#host.log.warn("the node could not look at its resources", { error: messageOf(error) }),
    });
  }

  async #overfullPods(): Promise<{ pod: Pod; message: string }[]> {
    const { fileSystem, directories = DEFAULT_DIRECTORIES } = this.#options;
    const found: { pod: Pod; message: string }[] = [];
    for (const { pod, state } of this.pods.list()) {
      if (state.name !== "Active") continue;
      const message = await emptyDirExcess(fileSystem, directories, pod);
      if (message !== undefined) found.push({ pod, message });
    }
    return found;
  }

  #completeSources(given: Partial<KubeletSources>, informers: InformerFactory): KubeletSources {
    const { client, nodeName } = this.#options;
    const watched = <T extends object>(objects: WatchedObjects<T>): WatchedObjects<T> => {
      this.#owned.push(objects);
      return objects;
    };
    return {
      pods: given.pods ?? informers.informer(podKind, { fieldSelector: `spec.nodeName=${nodeName}` }),
      services: given.services ?? informers.informer(serviceKind),
      nodes: given.nodes ?? informers.informer(nodeKind, { fieldSelector: `metadata.name=${nodeName}` }),
      configMaps: given.configMaps ?? watched(new WatchedObjects(client, configMapKind, this.#host)),
      secrets: given.secrets ?? watched(new WatchedObjects(client, secretKind, this.#host)),
    };
  }

  #createNodeReporter(): NodeStatusReporter {
    const options = this.#options;
    return new NodeStatusReporter({
      host: this.#host,
      client: options.client,
      runtime: options.runtime,
      facts: options.facts,
      settings: {
        nodeName: options.nodeName,
        nodeIps: options.nodeIps,
        hostname: options.hostname,
        labels: options.labels,
        taints: options.taints,
        providerId: options.providerId,
        maxPods: options.maxPods ?? DEFAULT_MAX_PODS,
        port: options.port ?? DEFAULT_PORT,
        kubernetesVersion: options.kubernetesVersion ?? DEFAULT_VERSION,
        reserved: options.reserved,
      },
      pressure: () => this.#eviction.pressure,
      plegHealthy: () => this.#lifecycle.healthy,
      onPodCidrs: (podCidrs) => options.runtime.updatePodCidr(podCidrs.join(",")),
      onReadiness: () => this.pods?.triggerAll(),
    });
  }

  #createParts(): PodParts {
    const options = this.#options;
    const host = this.#host;
    const { runtime, fileSystem, mounter, client } = options;
    const directories = options.directories ?? DEFAULT_DIRECTORIES;
    const clusterDomain = options.clusterDomain ?? "cluster.local";
    const events = recordedEvents(options.recorder ?? this.#ownRecorder());
    const sources = this.#sources;
    const hooks = { host, runtime, transport: options.probes };
    const allocatable = (): Readonly<Record<string, string>> => this.node.allocatable;
    const { podPidsLimit, cgroupParent } = options;
    const images = new ImageManager({ host, runtime, sources, events, maxParallelPulls: options.maxParallelPulls });
    return {
      host,
      runtime,
      fileSystem,
      facts: options.facts,
      settings: { directories, clusterDns: options.clusterDns ?? [], clusterDomain, podPidsLimit, cgroupParent },
      images,
      imageVolumes: new ImageVolumes({
        images,
        fileSystem,
        mounter,
        directories,
        imageMounter: options.imageMounter ?? NO_IMAGE_MOUNTER,
      }),
      volumes: new VolumeManager({
        host,
        fileSystem,
        mounter,
        directories,
        sources,
        tokens: new ServiceAccountTokens(client, host),
        claims: new PersistentVolumes(client),
      }),
      prober: new Prober({
        host,
        runtime,
        transport: options.probes,
        events,
        hostIp: () => options.nodeIps[0] ?? "127.0.0.1",
        onChange: (uid) => this.pods.runtimeChanged(uid),
      }),
      stopper: new ContainerStopper({ host, runtime, transport: options.probes, events }),
      starter: new ContainerStarter({
        runtime,
        sources,
        events,
        fileSystem,
        mounter,
        directories,
        clusterDomain,
        memoryCapacityBytes: () => this.node.memoryCapacityBytes,
        podPidsLimit,
      }),
      hooks,
      events,
      statuses: new StatusManager(client, host),
      cgroups: options.cgroups ?? noCgroups,
      restarts: new Backoff(host.clock),
      runtimeName: () => this.node.runtimeVersion?.runtimeName ?? "containerd",
      hostIps: () => options.nodeIps,
      allocatable,
      memoryCapacityBytes: () => this.node.memoryCapacityBytes,
      otherPods: (pod) => this.pods.running(pod.metadata?.uid),
      admit: (pod) =>
        admitPod({
          pod,
          others: this.pods.running(pod.metadata?.uid),
          node: this.node.node,
          allocatable: allocatable(),
          pressure: this.#eviction.pressure,
        }),
      runtimeHandler: (pod) => runtimeHandlerOf(client, pod),
      notReady: (pod) => (pod.spec?.hostNetwork ? undefined : this.node.networkObstacle()),
      resyncMs: options.resyncMs ?? DEFAULT_RESYNC_MS,
    };
  }

  #ownRecorder(): EventRecorder {
    const recorder = new EventRecorder(this.#options.client, this.#host, "kubelet", this.nodeName);
    this.#owned.push(recorder);
    return recorder;
  }
}
