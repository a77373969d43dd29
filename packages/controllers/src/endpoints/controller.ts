import { endpointsKind, isStatus, podKind, serviceKind, splitObjectKey } from "@skiff/api";
import { changesOf, objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { PodsByLabel } from "../pods/pods-by-label.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";
import { servicesOfPodChange } from "../services/service-pods.ts";
import { planEndpoints, type EndpointsPlan, type ObservedEndpoints } from "./plan.ts";

/** Writes the `v1` Endpoints of Services, for clients that do not read EndpointSlices. */
export function createEndpointsController(context: ControllerContext): AnyController {
  const { client, informers } = context;
  const services = informers.informer(serviceKind);
  const endpoints = informers.informer(endpointsKind);
  const pods = informers.informer(podKind);
  const podsByLabel = new PodsByLabel(pods);
  const controller: Controller<ObservedEndpoints, EndpointsPlan> = {
    name: "endpoint-controller",
    sources: [
      objectsOf(services),
      // Endpoints may be there before their Service; only the end of a Service takes those that users wrote with it.
      changesOf(endpoints, ({ key, type }) => (type === "deleted" || services.get(key) !== undefined ? [key] : [])),
      changesOf(pods, (change) => servicesOfPodChange(services, change)),
    ],
    observe(key) {
      const service = services.get(key);
      const present = endpoints.get(key);
      const { namespace = "" } = splitObjectKey(key);
      const selector = service?.spec?.selector;
      return { service, endpoints: present, pods: selector === undefined ? [] : podsByLabel.select(namespace, selector) };
    },
    weigh: ({ pods }) => pods.length,
    plan: planEndpoints,
    async perform(plan) {
      if (plan.action === "none") return;
      const resource = client.resource(endpointsKind);
      const { namespace, name = "", uid } = plan.endpoints.metadata ?? {};
      try {
        if (plan.action === "create") await resource.create(plan.endpoints);
        else if (plan.action === "update") await resource.update(plan.endpoints);
        else await resource.delete({ namespace, name }, { preconditions: { uid } });
      } catch (error) {
        const isOver = isNamespaceTerminating(error) || (plan.action === "delete" && isStatus(error, "NotFound", "Conflict"));
        if (!isOver) throw error;
      }
    },
  };
  return controller;
}
