import { endpointSliceKind, isStatus, type EndpointSlice } from "@skiff/api";
import type { Informer } from "@skiff/client";
import type { OwnWrites } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";
import type { SlicesPlan } from "./slices.ts";

/** Carries out a {@link SlicesPlan} and records the writes, so that no plan is made from slices that are out of date. */
export async function writeSlices(
  plan: SlicesPlan,
  key: string,
  { client }: ControllerContext,
  slices: Informer<EndpointSlice>,
  ownWrites: OwnWrites,
): Promise<void> {
  const resource = client.resource(endpointSliceKind);
  // New endpoints first: a Service should rather have an endpoint twice for a moment than not at all.
  for (const slice of plan.create) {
    try {
      ownWrites.wrote(key, slices, await resource.create(slice));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      throw error;
    }
  }
  for (const slice of plan.update) ownWrites.wrote(key, slices, await resource.update(slice));
  for (const slice of plan.delete) {
    const { namespace, name = "", uid } = slice.metadata ?? {};
    try {
      await resource.delete({ namespace, name }, { preconditions: { uid } });
      ownWrites.deleted(key, slices, slice);
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict")) throw error;
    }
  }
}
