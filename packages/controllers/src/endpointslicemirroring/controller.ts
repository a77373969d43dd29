import { endpointsKind, endpointSliceKind, serviceKind } from "@skiff/api";
import { changesOf, objectsOf, OwnWrites, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { servicesOfSliceChange, sliceIndexValue, sliceIndexValues, SLICE_INDEX_NAME } from "../endpointslice/controller.ts";
import { writeSlices } from "../endpointslice/slice-writer.ts";
import type { SlicesPlan } from "../endpointslice/slices.ts";
import { ENDPOINT_SLICE_MIRRORING_CONTROLLER, planMirroredSlices, type ObservedMirror } from "./plan.ts";

const OWN_WRITES_RECHECK_MS = 1000;

interface Observed extends ObservedMirror {
  readonly ownWritesVisible: boolean;
}

/** Shows Endpoints that users wrote themselves as EndpointSlices, which is what proxies read. */
export function createEndpointSliceMirroringController(context: ControllerContext): AnyController {
  const { informers, host } = context;
  const services = informers.informer(serviceKind);
  const endpoints = informers.informer(endpointsKind);
  const slices = informers.informer(endpointSliceKind);
  const ownWrites = new OwnWrites(host.clock);
  slices.addIndex(SLICE_INDEX_NAME, sliceIndexValues);
  const controller: Controller<Observed, SlicesPlan> = {
    name: "endpointslicemirroring-controller",
    sources: [
      objectsOf(endpoints),
      objectsOf(services),
      changesOf(slices, (change) => servicesOfSliceChange(ENDPOINT_SLICE_MIRRORING_CONTROLLER, change)),
    ],
    observe(key) {
      const own = slices.byIndex(SLICE_INDEX_NAME, sliceIndexValue(ENDPOINT_SLICE_MIRRORING_CONTROLLER, key));
      const present = endpoints.get(key);
      if (present === undefined && own.length === 0) {
        ownWrites.forget(key);
        return undefined;
      }
      return { endpoints: present, service: services.get(key), slices: own, ownWritesVisible: ownWrites.visible(key) };
    },
    plan: (observed) => (observed.ownWritesVisible ? planMirroredSlices(observed) : { create: [], update: [], delete: [] }),
    async perform(plan, observed, key) {
      await writeSlices(plan, key, context, slices, ownWrites);
      return observed.ownWritesVisible ? {} : { requeueAfterMs: OWN_WRITES_RECHECK_MS };
    },
  };
  return controller;
}
