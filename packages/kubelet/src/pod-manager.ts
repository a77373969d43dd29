import { messageOf, parseTime } from "@skiff/base";
import type { Pod } from "@skiff/api";
import type { KubeletSources } from "./kubelet-sources.ts";
import type { PodParts } from "./pod-parts.ts";
import { isEnding } from "./pod-state.ts";
import { PodWorker } from "./pod-worker.ts";
import { referencedKeys } from "./pod-references.ts";
import { podOf, readRuntimePod } from "./runtime-pod.ts";

/** What a {@link PodManager} works with beside what workers need. */
interface PodManagerParts {
  readonly nodeName: string;
  readonly pods: PodParts;
  readonly sources: KubeletSources;
}

/**
 * Has a worker for each Pod of this node, and for each one that is in the runtime and in the API no more.
 */
export class PodManager {
  readonly #parts: PodManagerParts;
  readonly #workers = new Map<string, PodWorker>();
  /** By key of a ConfigMap or Secret: the Pods that refer to it. */
  readonly #unsubscribe: (() => void)[] = [];
  readonly #references = new Map<string, { configMaps: readonly string[]; secrets: readonly string[] }>();

  constructor(parts: PodManagerParts) {
    this.#parts = parts;
  }

  /** Every Pod that the node looks after now. */
  list(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  get size(): number {
    return this.#workers.size;
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  find(namespace: string, name: string): PodWorker | undefined {
    // A Pod that ends may share its name with its successor; the newer worker is the one that is meant.
    return this.list().findLast(({ pod }) => pod.metadata?.namespace === namespace && pod.metadata.name === name);
  }

  /** Pods that take resources of the node: those that have not ended. */
  running(exceptUid?: string): Pod[] {
    return this.list()
      .filter(({ uid, state }) => uid !== exceptUid && (state.name === "Active" || state.name === "Terminating"))
      .map(({ pod }) => pod);
  }

  /** Follows the API from now on. Call once its first list is there. */
  start(): void {
    const { sources } = this.#parts;
    const present: Pod[] = [];
    let isReplay = true;
    this.#unsubscribe.push(
      sources.pods.onChange(({ type, object }) => {
        if (object.spec?.nodeName !== this.#parts.nodeName) return;
        if (isReplay) present.push(object);
        else if (type === "deleted") this.#removed(object);
        else this.#seen(object);
      }),
    );
    isReplay = false;
    // The older Pod keeps its place where the node has become too small for all.
    for (const pod of present.sort(byAge)) this.#seen(pod);
    this.#unsubscribe.push(
      sources.configMaps.onChange((key) => this.#referenceChanged("configMaps", key)),
      sources.secrets.onChange((key) => this.#referenceChanged("secrets", key)),
    );
  }

  /** Leaves everything as it is: containers run on. */
  stop(): void {
    for (const stop of this.#unsubscribe.splice(0)) stop();
    for (const worker of this.#workers.values()) worker.stop();
    this.#workers.clear();
  }

  /** The runtime says that something of the Pod has changed. */
  runtimeChanged(uid: string): void {
    this.#workers.get(uid)?.trigger();
  }

  triggerAll(): void {
    for (const worker of this.#workers.values()) worker.trigger();
  }

  /**
   * Ends what belongs to no Pod: containers whose object went while the kubelet was away, directories that are left over.
   * Call only when the API's Pods are known.
   */
  async cleanOrphans(): Promise<void> {
    const { runtime, volumes, cgroups, host } = this.#parts.pods;
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
    const found = new Map<string, { uid: string; name: string; namespace: string }>();
    for (const item of [...sandboxes, ...containers]) {
      const pod = podOf(item);
      if (pod !== undefined && !this.#workers.has(pod.uid)) found.set(pod.uid, pod);
    }
    for (const pod of found.values()) await this.#adoptOrphan(pod);
    for (const uid of await volumes.listPodUids()) {
      if (this.#workers.has(uid)) continue;
      await volumes.tearDown(uid).catch((error: unknown) => {
        host.log.info("a left-over Pod directory is still in use", { uid, error: messageOf(error) });
      });
    }
    for (const { podUid, path } of await cgroups.listPods()) {
      if (!this.#workers.has(podUid)) await cgroups.remove(path);
    }
  }

  #seen(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    this.#hold(pod);
    const known = this.#workers.get(uid);
    this.#parts.pods.statuses.observe(pod);
    if (known !== undefined) known.update(pod);
    else this.#add(pod);
  }

  #removed(pod: Pod): void {
    const worker = this.#workers.get(pod.metadata?.uid ?? "");
    worker?.update(pod);
    worker?.remove();
  }

  #add(pod: Pod): PodWorker {
    const worker = new PodWorker(this.#parts.pods, pod, (gone) => {
      this.#workers.delete(gone.uid);
      this.#references.delete(gone.uid);
      this.#parts.sources.configMaps.hold(gone.uid, []);
      this.#parts.sources.secrets.hold(gone.uid, []);
    });
    this.#workers.set(worker.uid, worker);
    worker.trigger();
    return worker;
  }

  /** A Pod that only the runtime knows: what is needed to end it stands in the annotations of its containers. */
  async #adoptOrphan(identity: { uid: string; name: string; namespace: string }): Promise<void> {
    const runtime = await readRuntimePod(this.#parts.pods.runtime, identity);
    const graceSeconds = runtime.containers[0]?.record.terminationGracePeriodSeconds;
    if (this.#workers.has(identity.uid)) return;
    const pod: Pod = {
      metadata: identity,
      spec: { nodeName: this.#parts.nodeName, containers: [], terminationGracePeriodSeconds: graceSeconds },
    };
    this.#parts.pods.host.log.info("ending a Pod that the API no longer has", { pod: `${identity.namespace}/${identity.name}` });
    const worker = this.#add(pod);
    worker.remove();
  }

  #hold(pod: Pod): void {
    const { configMaps, secrets } = this.#parts.sources;
    const worker = this.#workers.get(pod.metadata?.uid ?? "");
    if (worker !== undefined && isEnding(worker.state)) return;
    const keys = referencedKeys(pod);
    const uid = pod.metadata?.uid ?? "";
    this.#references.set(uid, keys);
    configMaps.hold(uid, keys.configMaps);
    secrets.hold(uid, keys.secrets);
  }

  #referenceChanged(kind: "configMaps" | "secrets", key: string): void {
    for (const [uid, keys] of this.#references) {
      if (!keys[kind].includes(key)) continue;
      this.#parts.pods.volumes.retryNow(uid);
      this.#workers.get(uid)?.trigger();
    }
  }
}

/** The older first. */
function byAge({ metadata: a }: Pod, { metadata: b }: Pod): number {
  return (parseTime(a?.creationTimestamp) ?? 0) - (parseTime(b?.creationTimestamp) ?? 0);
}
