import { clusterRoleKind, type PolicyRule } from "@skiff/api";
import { changesOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { planAggregatedRules, type ObservedAggregation } from "./plan.ts";

const FIELD_MANAGER = "clusterrole-aggregation-controller";

/** Fills the rules of ClusterRoles that have an `aggregationRule`, such as `admin`, `edit` and `view`. */
export function createClusterRoleAggregationController({ client, informers }: ControllerContext): AnyController {
  const roles = informers.informer(clusterRoleKind);
  const controller: Controller<ObservedAggregation, readonly PolicyRule[] | undefined> = {
    name: "clusterrole-aggregation-controller",
    // Any role may be part of any aggregated one, of which there are few.
    sources: [
      changesOf(roles, () =>
        roles
          .list()
          .filter((role) => role.aggregationRule !== undefined)
          .map(({ metadata }) => metadata?.name ?? ""),
      ),
    ],
    observe(name) {
      const role = roles.get(name);
      return role && { role, allRoles: [...roles.list()] };
    },
    plan: (observed) => planAggregatedRules(observed),
    async perform(rules, _observed, name) {
      if (rules === undefined) return;
      const applied = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules };
      await client.resource(clusterRoleKind).patch({ name }, applied, { type: "apply", fieldManager: FIELD_MANAGER, force: true });
    },
  };
  return controller;
}
