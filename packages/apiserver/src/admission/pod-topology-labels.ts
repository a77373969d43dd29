import type { Binding, Pod } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout } from "./refusal.ts";

const LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"] as const;

/** A pod that is bound to a node gets its zone and region as labels (KEP-4742). Bindings hand theirs on to the pod. */
export class PodTopologyLabels implements AdmissionPlugin {
  readonly name = "PodTopologyLabels";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  mutate(request: AdmissionRequest): void {
    if (request.operation !== "CREATE" || request.object === undefined) return;
    const nodeName = this.#nodeName(request);
    const nodeLabels = nodeName ? this.#reader.get(RESOURCES.nodes, undefined, nodeName)?.metadata?.labels : undefined;
    for (const label of LABELS) {
      const value = nodeLabels?.[label];
      if (value !== undefined)
        request.object.metadata = { ...request.object.metadata, labels: { ...request.object.metadata?.labels, [label]: value } };
    }
  }

  #nodeName(request: AdmissionRequest): string | undefined {
    if (isAbout(request, "", "pods")) return (request.object as Pod).spec?.nodeName;
    if (isAbout(request, "", "pods", "binding") || isAbout(request, "", "bindings")) return (request.object as Binding).target.name;
    return undefined;
  }
}
