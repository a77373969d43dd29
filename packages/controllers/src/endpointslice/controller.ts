import { endpointSliceKind, nodeKind, podKind, serviceKind, splitObjectKey, type EndpointSlice } from "@skiff/api";
import type { InformerChange } from "@skiff/client";
import { changesOf, objectsOf, OwnWrites, readsFrom, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { PodsByLabel } from "../pods/pods-by-label.ts";
import { servicesOfPodChange } from "../services/service-pods.ts";
import { ENDPOINT_SLICE_CONTROLLER, planEndpointSlices, type ObservedSlices } from "./plan.ts";
import { MANAGED_BY_LABEL, SERVICE_NAME_LABEL, type SlicesPlan } from "./slices.ts";
import { writeSlices } from "./slice-writer.ts";

const SLICE_INDEX = "managed-by and service";
const OWN_WRITES_RECHECK_MS = 1000;

/** How a slice is found by its manager and Service. */
export function sliceIndexValue(manager: string, serviceKey: string): string {
  return `${manager} ${serviceKey}`;
}

/** The values of the slice index: at most one for each slice. */
export function sliceIndexValues({ metadata }: EndpointSlice): readonly string[] {
  const manager = metadata?.labels?.[MANAGED_BY_LABEL];
  const service = metadata?.labels?.[SERVICE_NAME_LABEL];
  return manager && service ? [sliceIndexValue(manager, `${metadata.namespace}/${service}`)] : [];
}

/** The Services that a change of a slice of `manager` concerns. */
export function* servicesOfSliceChange(manager: string, { object, previous }: InformerChange<EndpointSlice>): Iterable<string> {
  for (const slice of previous === undefined ? [object] : [previous, object]) {
    const { namespace, labels = {} } = slice.metadata ?? {};
    const service = labels[SERVICE_NAME_LABEL];
    if (labels[MANAGED_BY_LABEL] === manager && service) yield `${namespace}/${service}`;
  }
}

export const SLICE_INDEX_NAME = SLICE_INDEX;

interface Observed extends ObservedSlices {
  readonly ownWritesVisible: boolean;
}

/** Writes the EndpointSlices of Services with selectors: what proxies and DNS read. */
export function createEndpointSliceController(context: ControllerContext): AnyController {
  const { informers, host } = context;
  const services = informers.informer(serviceKind);
  const slices = informers.informer(endpointSliceKind);
  const nodes = informers.informer(nodeKind);
  const pods = informers.informer(podKind);
  const podsByLabel = new PodsByLabel(pods);
  const ownWrites = new OwnWrites(host.clock);
  slices.addIndex(SLICE_INDEX, sliceIndexValues);
  const controller: Controller<Observed, SlicesPlan> = {
    name: "endpointslice-controller",
    sources: [
      objectsOf(services),
      changesOf(pods, (change) => servicesOfPodChange(services, change)),
      changesOf(slices, (change) => servicesOfSliceChange(ENDPOINT_SLICE_CONTROLLER, change)),
      readsFrom(nodes),
    ],
    observe(key) {
      const service = services.get(key);
      const selector = service?.spec?.selector;
      if (service === undefined) ownWrites.forget(key);
      // Slices of a Service that is gone are the garbage collector's.
      if (service === undefined || selector === undefined || service.spec?.type === "ExternalName") return undefined;
      return {
        service,
        pods: podsByLabel.select(splitObjectKey(key).namespace ?? "", selector),
        slices: slices.byIndex(SLICE_INDEX, sliceIndexValue(ENDPOINT_SLICE_CONTROLLER, key)),
        node: (name) => nodes.get(name),
        ownWritesVisible: ownWrites.visible(key),
      };
    },
    weigh: ({ pods }) => pods.length,
    plan: (observed) => (observed.ownWritesVisible ? planEndpointSlices(observed) : { create: [], update: [], delete: [] }),
    async perform(plan, observed, key) {
      await writeSlices(plan, key, context, slices, ownWrites);
      return observed.ownWritesVisible ? {} : { requeueAfterMs: OWN_WRITES_RECHECK_MS };
    },
  };
  return controller;
}
