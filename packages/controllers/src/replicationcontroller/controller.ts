import { replicationControllerKind, type ReplicaSet, type ReplicationController } from "@skiff/api";
import type { AnyController } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { ReplicaController } from "../replicaset/controller.ts";

/** Keeps as many Pods running as each ReplicationController asks for. */
export function createReplicationControllerController(context: ControllerContext): AnyController {
  const views = new WeakMap<ReplicationController, ReplicaSet>();
  return new ReplicaController<ReplicationController>(context, "replication-controller", {
    resource: replicationControllerKind,
    toReplicaSet: (owner) => {
      // One view for each cached object, so that what is derived from its selector is derived once.
      let view = views.get(owner);
      if (view === undefined) views.set(owner, (view = asReplicaSet(owner)));
      return view;
    },
    withStatus: (owner, { terminatingReplicas: _unknownToThisKind, ...status }) => ({ ...owner, status }),
  });
}

/** The older kind has its selector as a map and counts no terminating Pods; all else is the same. */
function asReplicaSet({ metadata, spec, status }: ReplicationController): ReplicaSet {
  return {
    metadata,
    spec: {
      replicas: spec?.replicas,
      minReadySeconds: spec?.minReadySeconds,
      selector: { matchLabels: spec?.selector ?? {} },
      template: spec?.template,
    },
    status,
  };
}
