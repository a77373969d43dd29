import {
  objectKey,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  volumeAttributesClassKind,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "@skiff/api";
import { changesOf, type AnyController } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { PodsByClaim } from "../pods/pods-by-claim.ts";
import { attributesClassesOf, CLAIM_PROTECTION, CLASS_PROTECTION, isVolumeInUse, usesClaim, VOLUME_PROTECTION } from "./plan.ts";
import { createProtectionController } from "./protection-controller.ts";

/** Claims stay until no Pod uses them. */
export function createClaimProtectionController(context: ControllerContext): AnyController {
  const pods = new PodsByClaim(context.informers.informer(podKind));
  return createProtectionController<PersistentVolumeClaim>(context, {
    name: "persistentvolumeclaim-protection-controller",
    resource: persistentVolumeClaimKind,
    finalizer: CLAIM_PROTECTION,
    users: [pods.changes],
    isInUse: (claim) => pods.of(objectKey(claim)).some((pod) => usesClaim(pod, claim)),
    async isStillInUse(claim) {
      const { items } = await context.client.resource(podKind).list({ namespace: claim.metadata?.namespace });
      return items.some((pod) => usesClaim(pod, claim));
    },
  });
}

/** Volumes stay until they are bound no more. */
export function createVolumeProtectionController(context: ControllerContext): AnyController {
  return createProtectionController<PersistentVolume>(context, {
    name: "persistentvolume-protection-controller",
    resource: persistentVolumeKind,
    finalizer: VOLUME_PROTECTION,
    users: [],
    isInUse: isVolumeInUse,
  });
}

const CLASS_INDEX = "volumeAttributesClass";

/** VolumeAttributesClasses stay until no claim and no volume names them. */
export function createAttributesClassProtectionController(context: ControllerContext): AnyController {
  const claims = context.informers.informer(persistentVolumeClaimKind);
  const volumes = context.informers.informer(persistentVolumeKind);
  claims.addIndex(CLASS_INDEX, attributesClassesOf);
  volumes.addIndex(CLASS_INDEX, attributesClassesOf);
  return createProtectionController(context, {
    name: "volumeattributesclass-protection-controller",
    resource: volumeAttributesClassKind,
    finalizer: CLASS_PROTECTION,
    users: [
      changesOf(claims, ({ object, previous }) => [...attributesClassesOf(object), ...(previous ? attributesClassesOf(previous) : [])]),
      changesOf(volumes, ({ object, previous }) => [...attributesClassesOf(object), ...(previous ? attributesClassesOf(previous) : [])]),
    ],
    isInUse: ({ metadata }) => [claims, volumes].some((informer) => informer.byIndex(CLASS_INDEX, metadata?.name ?? "").length > 0),
  });
}
