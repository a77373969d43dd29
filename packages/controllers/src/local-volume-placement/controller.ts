import {
  csiDriverKind,
  isCompletelyBound,
  nodeKind,
  objectKey,
  persistentVolumeClaimKind,
  SELECTED_NODE,
  storageClassKind,
  storageClassNameOf,
} from "@skiff/api";
import { changesOf, objectsOf, readsFrom, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isUsable, planPlacement, type ObservedPlacement, type PlacementPlan } from "./plan.ts";

const BY_NODE = "selectedNode";
const UNBOUND = "isUnbound";

/** Chooses the nodes of local volumes that no scheduler chooses for. The nodes themselves make them. */
export function createLocalVolumePlacementController({ client, informers, events }: ControllerContext): AnyController {
  const claims = informers.informer(persistentVolumeClaimKind);
  const classes = informers.informer(storageClassKind);
  const drivers = informers.informer(csiDriverKind);
  const nodes = informers.informer(nodeKind);
  claims.addIndex(BY_NODE, ({ metadata }) => {
    const nodeName = metadata?.annotations?.[SELECTED_NODE];
    return nodeName === undefined ? [] : [nodeName];
  });
  claims.addIndex(UNBOUND, (claim) => (isCompletelyBound(claim) ? [] : [""]));
  /** Choices that the cache does not show yet, by key of the claim: those that follow must count them. */
  const chosen = new Map<string, string>();
  const volumesOn = (nodeName: string): number => {
    const hidden = [...chosen.values()].filter((name) => name === nodeName).length;
    return claims.byIndex(BY_NODE, nodeName).length + hidden;
  };
  const controller: Controller<ObservedPlacement, PlacementPlan> = {
    name: "local-volume-placement-controller",
    // One after the other, because each choice depends on those before it.
    concurrency: 1,
    sources: [
      objectsOf(claims),
      changesOf(nodes, ({ previous, object }) =>
        // Heartbeats of many nodes must not wake every claim.
        previous !== undefined && isUsable(previous) === isUsable(object)
          ? []
          : claims.byIndex(UNBOUND, "").map((claim) => objectKey(claim)),
      ),
      readsFrom(classes),
      readsFrom(drivers),
    ],
    observe(key) {
      const claim = claims.get(key);
      if (claim === undefined || claim.metadata?.annotations?.[SELECTED_NODE] !== undefined) chosen.delete(key);
      if (claim === undefined || chosen.has(key)) return undefined;
      const storageClass = classes.get(storageClassNameOf(claim));
      return { claim, storageClass, nodes: nodes.list(), volumesOn, isInstalled: (driver) => drivers.get(driver) !== undefined };
    },
    plan: planPlacement,
    async perform(plan, { claim }, key) {
      if (plan.kind === "nothing") return;
      if (plan.kind === "wait") {
        events.event(persistentVolumeClaimKind, claim, "Warning", "ProvisioningFailed", plan.message);
        return;
      }
      const { [SELECTED_NODE]: _before, ...annotations } = claim.metadata?.annotations ?? {};
      const wanted = plan.nodeName === null ? annotations : { ...annotations, [SELECTED_NODE]: plan.nodeName };
      await client.resource(persistentVolumeClaimKind).update({ ...claim, metadata: { ...claim.metadata, annotations: wanted } });
      if (plan.nodeName !== null && claims.get(key)?.metadata?.annotations?.[SELECTED_NODE] === undefined) chosen.set(key, plan.nodeName);
    },
  };
  return controller;
}
