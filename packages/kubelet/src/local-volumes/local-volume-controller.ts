import { componentHost, messageOf, type Host } from "@skiff/base";
import {
  csiDriverKind,
  isStatus,
  LOCAL_PROVISIONER,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  SELECTED_NODE,
  storageClassKind,
  storageClassNameOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "@skiff/api";
import { EventRecorder, type Client, type InformerFactory } from "@skiff/client";
import { changesOf, objectsOf, readsFrom, runController, type Controller, type Source } from "@skiff/controller-kit";
import type { LocalVolumeHost } from "./local-volume-host.ts";
import { DIRECTORY_FINALIZER, planLocalClaim, type LocalClaimPlan, type ObservedLocalClaim } from "./plan-claim.ts";
import { planLocalVolume, type LocalVolumePlan, type ObservedLocalVolume } from "./plan-volume.ts";

/** Whoever may use the volume inside a Pod is for the Pod to say. */
const DIRECTORY_MODE = 0o777;
/** What external provisioners call themselves in events: their name and where they run. */
const componentOf = (hosts: ReadonlyMap<string, LocalVolumeHost>): string => `${LOCAL_PROVISIONER}_${[...hosts.keys()][0] ?? ""}`;

type Observed =
  | { readonly of: "claim"; readonly claim: ObservedLocalClaim }
  | { readonly of: "volume"; readonly volume: ObservedLocalVolume };
type Plan = { readonly of: "claim"; readonly claim: LocalClaimPlan } | { readonly of: "volume"; readonly volume: LocalVolumePlan };

/** What {@link startLocalVolumes} needs. */
interface LocalVolumesOptions {
  readonly host: Host;
  /** May read claims, classes, drivers and nodes, and write volumes, the status of claims, and events. */
  readonly client: Client;
  readonly informers: InformerFactory;
  /** By node name. */
  readonly hosts: ReadonlyMap<string, LocalVolumeHost>;
}

/**
 * The provisioner of local volumes, on the side of the nodes: makes a directory and a volume for each claim whose node was
 * chosen, and removes the directories of volumes that nobody needs any more.
 *
 * Both survive being cut short anywhere: the names follow from the claim, the directory comes before the volume that
 * names it and goes before it.
 */
export function startLocalVolumes(options: LocalVolumesOptions): { stop(): Promise<void> } {
  const { client, hosts } = options;
  const host = componentHost(options.host, "local-volumes");
  const events = new EventRecorder(client, host, componentOf(hosts));
  const running = runController(new LocalVolumeController(options, events), options.host);
  // A start that fails is told by the informers, which try again for ever.
  running.started.catch((error: unknown) => host.log.error("local volumes are not looked after", { error: messageOf(error) }));
  return {
    async stop() {
      await running.stop();
      await events.stop();
    },
  };
}

class LocalVolumeController implements Controller<Observed, Plan> {
  readonly name = "local-volumes";
  readonly sources: readonly Source[];
  readonly #options: LocalVolumesOptions;
  readonly #events: EventRecorder;
  readonly #isInstalled: (driver: string) => boolean;

  constructor(options: LocalVolumesOptions, events: EventRecorder) {
    this.#options = options;
    this.#events = events;
    const { informers, hosts } = options;
    const claims = informers.informer(persistentVolumeClaimKind);
    const classes = informers.informer(storageClassKind);
    const drivers = informers.informer(csiDriverKind);
    this.#isInstalled = (driver) => drivers.get(driver) !== undefined;
    const isMine = (claim: PersistentVolumeClaim): boolean =>
      Boolean(claim.spec?.volumeName) || hosts.has(claim.metadata?.annotations?.[SELECTED_NODE] ?? "");
    this.sources = [
      changesOf(claims, ({ key, object }) => (isMine(object) ? [key] : [])),
      objectsOf(informers.informer(persistentVolumeKind)),
      readsFrom(classes),
      readsFrom(drivers),
      readsFrom(informers.informer(nodeKind)),
    ];
  }

  /** Keys of claims are `namespace/name`, those of volumes have no slash. */
  observe(key: string): Observed | undefined {
    const { informers, hosts } = this.#options;
    const volumes = informers.informer(persistentVolumeKind);
    if (!key.includes("/")) {
      const volume = volumes.get(key);
      return volume && { of: "volume", volume: { volume, hosts, nodes: informers.informer(nodeKind).list() } };
    }
    const claim = informers.informer(persistentVolumeClaimKind).get(key);
    if (claim === undefined) return undefined;
    const storageClass = informers.informer(storageClassKind).get(storageClassNameOf(claim));
    const volume = claim.spec?.volumeName ? volumes.get(claim.spec.volumeName) : undefined;
    return { of: "claim", claim: { claim, storageClass, volume, hosts, isInstalled: this.#isInstalled } };
  }

  plan(observed: Observed): Plan {
    return observed.of === "claim"
      ? { of: "claim", claim: planLocalClaim(observed.claim) }
      : { of: "volume", volume: planLocalVolume(observed.volume) };
  }

  async perform(plan: Plan, observed: Observed): Promise<void> {
    if (plan.of === "claim" && observed.of === "claim") await this.#performClaim(plan.claim, observed.claim.claim);
    if (plan.of === "volume" && observed.of === "volume") await this.#performVolume(plan.volume, observed.volume.volume);
  }

  async #performClaim(plan: LocalClaimPlan, claim: PersistentVolumeClaim): Promise<void> {
    switch (plan.kind) {
      case "nothing":
        return;
      case "refuse":
        this.#tell(claim, "Warning", "ProvisioningFailed", plan.message);
        return;
      case "provision":
        return this.#provision(claim, plan.host, plan.volume);
      case "expand":
        return this.#expand(claim, plan.volume, plan.storage);
    }
  }

  async #provision(claim: PersistentVolumeClaim, host: LocalVolumeHost, volume: PersistentVolume): Promise<void> {
    const volumes = this.#options.client.resource(persistentVolumeKind);
    const { name = "" } = volume.metadata ?? {};
    if (this.#options.informers.informer(persistentVolumeKind).get(name) !== undefined) return;
    const { namespace, name: claimName } = claim.metadata ?? {};
    this.#tell(claim, "Normal", "Provisioning", `External provisioner is provisioning volume for claim "${namespace}/${claimName}"`);
    try {
      await host.fileSystem.makeDirectory(volume.spec?.local?.path ?? "", DIRECTORY_MODE);
      await volumes.create(volume);
    } catch (error) {
      if (isStatus(error, "AlreadyExists")) return;
      const className = JSON.stringify(storageClassNameOf(claim));
      this.#tell(claim, "Warning", "ProvisioningFailed", `failed to provision volume with StorageClass ${className}: ${messageOf(error)}`);
      throw error;
    }
    this.#tell(claim, "Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${name}`);
  }

  async #expand(claim: PersistentVolumeClaim, volume: PersistentVolume, storage: string): Promise<void> {
    const { client } = this.#options;
    this.#tell(claim, "Normal", "Resizing", `External resizer is resizing volume ${volume.metadata?.name}`);
    if (volume.spec?.capacity?.storage !== storage) {
      await client.resource(persistentVolumeKind).update({ ...volume, spec: { ...volume.spec, capacity: { storage } } });
    }
    const status = { ...claim.status, capacity: { ...claim.status?.capacity, storage } };
    await client.resource(persistentVolumeClaimKind).updateStatus({ ...claim, status });
    this.#tell(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
  }

  async #performVolume(plan: LocalVolumePlan, volume: PersistentVolume): Promise<void> {
    switch (plan.kind) {
      case "nothing":
        return;
      case "keepDirectory":
        await this.#letGo(volume);
        return;
      case "delete":
        return this.#delete(volume, plan.host, plan.path);
      case "recycle":
        return this.#recycle(volume, plan.host, plan.path);
    }
  }

  async #delete(volume: PersistentVolume, host: LocalVolumeHost, path: string): Promise<void> {
    try {
      await host.fileSystem.removeTree(path);
    } catch (error) {
      this.#events.event(persistentVolumeKind, volume, "Warning", "VolumeFailedDelete", messageOf(error));
      throw error;
    }
    const freed = await this.#letGo(volume);
    if (volume.metadata?.deletionTimestamp !== undefined) return;
    const { name = "", uid } = freed.metadata ?? {};
    try {
      await this.#options.client.resource(persistentVolumeKind).delete({ name }, { preconditions: { uid } });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  async #recycle(volume: PersistentVolume, { fileSystem }: LocalVolumeHost, path: string): Promise<void> {
    const volumes = this.#options.client.resource(persistentVolumeKind);
    try {
      for (const name of await fileSystem.readDirectory(path)) await fileSystem.removeTree(`${path}/${name}`);
    } catch (error) {
      this.#events.event(persistentVolumeKind, volume, "Warning", "VolumeFailedRecycle", messageOf(error));
      throw error;
    }
    const { claimRef: _claim, ...spec } = volume.spec ?? {};
    const { "pv.kubernetes.io/bound-by-controller": _by, ...annotations } = volume.metadata?.annotations ?? {};
    await volumes.update({ ...volume, metadata: { ...volume.metadata, annotations }, spec });
    this.#events.event(persistentVolumeKind, volume, "Normal", "VolumeRecycled", "Volume recycled");
  }

  /** Takes the finalizer off; answers the volume as it is then. */
  async #letGo(volume: PersistentVolume): Promise<PersistentVolume> {
    const { finalizers = [] } = volume.metadata ?? {};
    if (!finalizers.includes(DIRECTORY_FINALIZER)) return volume;
    const others = finalizers.filter((each) => each !== DIRECTORY_FINALIZER);
    return this.#options.client.resource(persistentVolumeKind).update({ ...volume, metadata: { ...volume.metadata, finalizers: others } });
  }

  #tell(claim: PersistentVolumeClaim, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.event(persistentVolumeClaimKind, claim, type, reason, message);
  }
}
