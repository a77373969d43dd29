import { sleep, type Clock } from "@skiff/base";
import {
  findVolume,
  isCompletelyBound,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  SELECTED_NODE,
  storageClassNameOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "@skiff/api";
import { referenceTo, type Client } from "@skiff/client";
import type { PlacementContext, Plugin } from "../framework/plugin.ts";
import { unresolvable, type Rejection } from "../framework/rejection.ts";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";
import { canProvision, isReachable, waitsForConsumer } from "./volume-matching.ts";
import { claimNotFound, type VolumeReader } from "./volume-reader.ts";

const NAME = "VolumeBinding";
const NODE_CONFLICT = unresolvable(NAME, "node(s) didn't match PersistentVolume's node affinity");
const NOTHING_TO_BIND = unresolvable(NAME, "node(s) didn't find available persistent volumes to bind");
const VOLUME_GONE = unresolvable(NAME, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
const UNBOUND_IMMEDIATE = unresolvable(NAME, "pod has unbound immediate PersistentVolumeClaims");

/** How long a Pod that has been decided about waits for its volumes before it is tried anew. */
const BIND_TIMEOUT_MS = 600_000;
/** How often the claims are looked at meanwhile. */
const BIND_CHECK_MS = 200;

/** What has to be done on a node before the Pod can run there. */
interface VolumePlan {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  /** Claims for which a volume is to be made. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

interface Claims {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly waiting: readonly PersistentVolumeClaim[];
}

/** What {@link createVolumeBinding} needs. */
interface VolumeBindingOptions {
  readonly clock: Clock;
  readonly client: Client;
  readonly volumes: VolumeReader;
}

/**
 * Filter: bound volumes must be usable on the node, and claims that wait for their first consumer must find or get a
 * volume there. Reserve and PreBind see to that and wait until the volume controller and the provisioner have done it.
 */
export function createVolumeBinding(options: VolumeBindingOptions): Plugin {
  return new VolumeBinding(options);
}

class VolumeBinding implements Plugin {
  readonly name = NAME;
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #volumes: VolumeReader;
  /** Plans of Pods whose binding is under way, by uid. */
  readonly #plans = new Map<string, VolumePlan>();
  /** Volumes in those plans, so that no two Pods get the same. */
  readonly #taken = new Set<string>();

  constructor({ clock, client, volumes }: VolumeBindingOptions) {
    this.#clock = clock;
    this.#client = client;
    this.#volumes = volumes;
  }

  preFilter(pod: PodInfo): ReturnType<NonNullable<Plugin["preFilter"]>> {
    if (pod.claims.length === 0) return "skip";
    const claims = this.#claimsOf(pod);
    if ("reasons" in claims) return claims;
    return {
      filter: {
        filter: (node) => {
          const plan = this.#plan(claims, node);
          return "reasons" in plan ? plan : undefined;
        },
      },
    };
  }

  reserve(pod: PodInfo, nodeName: string, snapshot: PlacementContext["snapshot"]): Rejection | undefined {
    const node = snapshot.node(nodeName);
    if (pod.claims.length === 0 || node === undefined) return undefined;
    const claims = this.#claimsOf(pod);
    if ("reasons" in claims) return claims;
    const plan = this.#plan(claims, node);
    if ("reasons" in plan) return plan;
    this.#plans.set(pod.uid, plan);
    for (const { volume } of plan.bindings) this.#taken.add(volume.metadata?.name ?? "");
    return undefined;
  }

  unreserve(pod: PodInfo): void {
    const plan = this.#plans.get(pod.uid);
    this.#plans.delete(pod.uid);
    for (const { volume } of plan?.bindings ?? []) this.#taken.delete(volume.metadata?.name ?? "");
  }

  async preBind(pod: PodInfo, nodeName: string, { signal }: PlacementContext): Promise<void> {
    const plan = this.#plans.get(pod.uid);
    if (plan === undefined) return;
    for (const { claim, volume } of plan.bindings) {
      const claimRef = referenceTo(persistentVolumeClaimKind, claim);
      const patch = { metadata: { resourceVersion: volume.metadata?.resourceVersion }, spec: { claimRef } };
      await this.#client.resource(persistentVolumeKind).patch({ name: volume.metadata?.name ?? "" }, patch);
    }
    for (const claim of plan.provisions) {
      const { namespace, name = "", annotations } = claim.metadata ?? {};
      if (annotations?.[SELECTED_NODE] === nodeName) continue;
      const patch = { metadata: { annotations: { [SELECTED_NODE]: nodeName } } };
      await this.#client.resource(persistentVolumeClaimKind).patch({ namespace, name }, patch);
    }
    if (plan.bindings.length + plan.provisions.length > 0) await this.#waitUntilBound(pod, signal);
    this.unreserve(pod);
  }

  isRelievedBy(event: Parameters<NonNullable<Plugin["isRelievedBy"]>>[0]): boolean {
    if (event.resource === "AssignedPod" || event.resource === "Namespace" || event.resource === "Service") return false;
    return event.action !== "delete" || event.resource === "PersistentVolumeClaim";
  }

  async #waitUntilBound(pod: PodInfo, signal: AbortSignal): Promise<void> {
    const deadlineMs = this.#clock.monotonic() + BIND_TIMEOUT_MS;
    for (;;) {
      await sleep(this.#clock, BIND_CHECK_MS, signal);
      const claims = pod.claims.map(({ name }) => this.#volumes.claim(pod.namespace, name));
      const lost = pod.claims.find((_, index) => claims[index] === undefined);
      if (lost !== undefined) throw new Error(claimNotFound(lost.name));
      if (claims.every((claim) => claim !== undefined && isCompletelyBound(claim))) return;
      if (this.#clock.monotonic() >= deadlineMs) throw new Error("timed out waiting for the condition");
    }
  }

  /** The claims by what they need, or why the Pod cannot be scheduled at all. */
  #claimsOf(pod: PodInfo): Claims | Rejection {
    const bound: PersistentVolumeClaim[] = [];
    const waiting: PersistentVolumeClaim[] = [];
    let isUnboundImmediate = false;
    for (const { name, ephemeral } of pod.claims) {
      const claim = this.#volumes.claim(pod.namespace, name);
      const refusal = this.#refuse(pod, name, ephemeral, claim);
      if (claim === undefined || refusal !== undefined) return unresolvable(NAME, refusal ?? claimNotFound(name));
      if (isCompletelyBound(claim)) bound.push(claim);
      else if (waitsForConsumer(claim, this.#volumes) && !claim.spec?.volumeName) waiting.push(claim);
      else isUnboundImmediate = true;
    }
    return isUnboundImmediate ? UNBOUND_IMMEDIATE : { bound, waiting };
  }

  #refuse(pod: PodInfo, name: string, ephemeral: boolean, claim: PersistentVolumeClaim | undefined): string | undefined {
    const quoted = JSON.stringify(name);
    if (claim === undefined) {
      return ephemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}` : claimNotFound(name);
    }
    if (claim.status?.phase === "Lost") {
      return `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? "")}`;
    }
    if (claim.metadata?.deletionTimestamp !== undefined) return `persistentvolumeclaim ${quoted} is being deleted`;
    const isForPod = claim.metadata?.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.uid) ?? false;
    if (ephemeral && !isForPod) return `PVC ${pod.namespace}/${name} was not created for pod ${pod.key} (pod is not owner)`;
    return undefined;
  }

  #plan({ bound, waiting }: Claims, node: NodeInfo): VolumePlan | Rejection {
    for (const claim of bound) {
      const volume = this.#volumes.volume(claim.spec?.volumeName ?? "");
      if (volume === undefined) return VOLUME_GONE;
      if (!isReachable(volume, node)) return NODE_CONFLICT;
    }
    const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
    const provisions: PersistentVolumeClaim[] = [];
    const chosen = new Set<string>();
    for (const claim of waiting) {
      const selected = claim.metadata?.annotations?.[SELECTED_NODE];
      if (selected !== undefined) {
        if (selected !== node.name) return NOTHING_TO_BIND;
        provisions.push(claim);
        continue;
      }
      const isTaken = ({ metadata }: PersistentVolume): boolean =>
        chosen.has(metadata?.name ?? "") || this.#taken.has(metadata?.name ?? "");
      const isUsable = (candidate: PersistentVolume): boolean => isReachable(candidate, node);
      const volume = findVolume(claim, this.#volumes.volumes(), { isUsable, isTaken });
      if (volume !== undefined) {
        chosen.add(volume.metadata?.name ?? "");
        bindings.push({ claim, volume });
      } else if (canProvision(this.#volumes.storageClass(storageClassNameOf(claim)), node)) provisions.push(claim);
      else return NOTHING_TO_BIND;
    }
    return { bindings, provisions };
  }
}
