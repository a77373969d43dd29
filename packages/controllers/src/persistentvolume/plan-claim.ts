import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  findVolume,
  isLocalStorageClass,
  isMeantFor,
  lacksStorageClass,
  SELECTED_NODE,
  storageClassNameOf,
  unfitness,
  waitsForFirstConsumer,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "@skiff/api";
import type { EventType } from "@skiff/client";

/** What is said about a claim or volume, as the event's type, reason and message. */
export type Remark = readonly [type: EventType, reason: string, message: string];

/** A claim and what its binding depends on. */
export interface ObservedClaim {
  readonly claim: PersistentVolumeClaim;
  /** The volume that the claim names, if there is such a one. */
  readonly named: PersistentVolume | undefined;
  /** The volumes of the claim's class, and those that are set aside for it. */
  readonly candidates: readonly PersistentVolume[];
  readonly storageClass: StorageClass | undefined;
  readonly defaultClass: StorageClass | undefined;
  /** The names of Pods that use the claim and have no node yet. */
  readonly unscheduledPods: readonly string[];
}

/** What to do about a claim. */
export type ClaimPlan =
  /** Makes claim and volume refer to each other, as far as they do not yet. */
  | { readonly kind: "bind"; readonly volume: PersistentVolume }
  /** The claim named no class, and the cluster has a default one by now. */
  | { readonly kind: "setClass"; readonly className: string }
  /** Asks the provisioner for a volume. */
  | { readonly kind: "provision"; readonly provisioner: string; readonly remark: Remark }
  | { readonly kind: "phase"; readonly phase: "Pending" | "Lost"; readonly remark?: Remark };

/** Decides how a claim gets, keeps or loses its volume. */
export function planClaim(observed: ObservedClaim): ClaimPlan {
  const { metadata, spec } = observed.claim;
  if (metadata?.annotations?.[BIND_COMPLETED] !== undefined) return keepVolume(observed);
  return spec?.volumeName ? takeNamedVolume(observed, spec.volumeName) : takeAnyVolume(observed);
}

/** A claim that was bound is never bound to another volume. */
function keepVolume({ claim, named }: ObservedClaim): ClaimPlan {
  const lost = (reason: string, message: string): ClaimPlan => ({ kind: "phase", phase: "Lost", remark: ["Warning", reason, message] });
  if (!claim.spec?.volumeName) return lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
  if (named === undefined) return lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  const { claimRef } = named.spec ?? {};
  if (claimRef === undefined || claimRef.uid === claim.metadata?.uid) return { kind: "bind", volume: named };
  // Set aside for this claim by name, with the rest of the binding still to be written.
  if (!claimRef.uid && isMeantFor(named, claim)) return { kind: "bind", volume: named };
  return lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
}

function takeNamedVolume({ claim, named }: ObservedClaim, volumeName: string): ClaimPlan {
  if (named === undefined) return { kind: "phase", phase: "Pending" };
  const quoted = JSON.stringify(volumeName);
  if (named.spec?.claimRef === undefined) {
    const problem = unfitness(named, claim);
    if (problem === undefined) return { kind: "bind", volume: named };
    return pending("Warning", "VolumeMismatch", `Cannot bind to requested volume ${quoted}: ${problem}`);
  }
  if (isMeantFor(named, claim)) return { kind: "bind", volume: named };
  if (claim.metadata?.annotations?.[BOUND_BY_CONTROLLER] === undefined)
    return pending("Warning", "FailedBinding", `volume ${quoted} already bound to a different claim.`);
  // The controller itself wrote the name, and another claim has the volume: only a user's edit leads here.
  const { namespace, name } = claim.metadata;
  const message = `Invalid binding of claim "${namespace}/${name}" to volume ${quoted}: volume already claimed by "${named.spec.claimRef.namespace}/${named.spec.claimRef.name}"`;
  return pending("Warning", "FailedBinding", message);
}

function takeAnyVolume(observed: ObservedClaim): ClaimPlan {
  const { claim, candidates, storageClass, defaultClass } = observed;
  const isDelayed = waitsForFirstConsumer(storageClass);
  const volume = findVolume(claim, candidates, { onlyReserved: isDelayed });
  if (volume !== undefined) return { kind: "bind", volume };
  if (lacksStorageClass(claim) && defaultClass?.metadata?.name !== undefined)
    return { kind: "setClass", className: defaultClass.metadata.name };
  if (isDelayed && claim.metadata?.annotations?.[SELECTED_NODE] === undefined) return waitForConsumer(observed.unscheduledPods);
  const className = storageClassNameOf(claim);
  if (className !== "") return provision(className, storageClass);
  return pending("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
}

function waitForConsumer(pods: readonly string[]): ClaimPlan {
  if (pods.length === 0) return pending("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  const message = `waiting for ${pods.length > 1 ? "pods" : "pod"} ${pods.join(",")} to be scheduled`;
  return pending("Normal", "WaitForPodScheduled", message);
}

function provision(className: string, storageClass: StorageClass | undefined): ClaimPlan {
  if (storageClass === undefined)
    return pending("Warning", "ProvisioningFailed", `storageclass.storage.k8s.io ${JSON.stringify(className)} not found`);
  const { provisioner } = storageClass;
  if (isInTree(storageClass)) return pending("Warning", "ProvisioningFailed", `no volume plugin matched name: ${provisioner}`);
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return { kind: "provision", provisioner, remark: ["Normal", "ExternalProvisioning", message] };
}

/** Names with this prefix are those of plug-ins that came with Kubernetes; nobody else may answer to them. */
function isInTree(storageClass: StorageClass): boolean {
  return storageClass.provisioner.startsWith("kubernetes.io/") && !isLocalStorageClass(storageClass, () => false);
}

function pending(...remark: Remark): ClaimPlan {
  return { kind: "phase", phase: "Pending", remark };
}
