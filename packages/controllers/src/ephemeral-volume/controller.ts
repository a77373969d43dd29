import { messageOf } from "@skiff/base";
import { isStatus, persistentVolumeClaimKind, podKind, type Pod } from "@skiff/api";
import { changesOf, objectsOf, ownerKeys, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { planEphemeralVolumes, type EphemeralVolumesPlan } from "./plan.ts";

/** Makes the claims of generic ephemeral volumes. They belong to their Pod, so the garbage collector removes them with it. */
export function createEphemeralVolumeController({ client, informers, events }: ControllerContext): AnyController {
  const pods = informers.informer(podKind);
  const claims = informers.informer(persistentVolumeClaimKind);
  const failed = (pod: Pod, message: string): void =>
    events.event(podKind, pod, "Warning", "FailedBinding", `ephemeral volume: ${message}`);
  const controller: Controller<Pod, EphemeralVolumesPlan> = {
    name: "ephemeral-volume-controller",
    sources: [objectsOf(pods), changesOf(claims, (change) => ownerKeys(change, podKind))],
    observe: (key) => {
      const pod = pods.get(key);
      return pod?.spec?.volumes?.some(({ ephemeral }) => ephemeral !== undefined) ? pod : undefined;
    },
    plan: (pod) => planEphemeralVolumes(pod, (name) => claims.get(`${pod.metadata?.namespace ?? ""}/${name}`)),
    async perform({ create, conflicts }, pod) {
      for (const message of conflicts) failed(pod, message);
      for (const claim of create) {
        try {
          await client.resource(persistentVolumeClaimKind).create(claim);
        } catch (error) {
          // The cache is behind: the claim's own arrival wakes the Pod again.
          if (isStatus(error, "AlreadyExists")) continue;
          failed(pod, `create PVC ${claim.metadata?.name}: ${messageOf(error)}`);
          throw error;
        }
      }
      // Nothing tells when a stranger's claim goes away.
      if (conflicts.length > 0) throw new Error(conflicts[0]);
    },
  };
  return controller;
}
