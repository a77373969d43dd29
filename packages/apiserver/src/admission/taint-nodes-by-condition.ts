import type { Node } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { isAbout } from "./refusal.ts";

const NOT_READY = "node.kubernetes.io/not-ready";

/** A new node gets no pods before the node controller has seen that it is ready. */
export class TaintNodesByCondition implements AdmissionPlugin {
  readonly name = "TaintNodesByCondition";

  mutate(request: AdmissionRequest): void {
    if (!isAbout(request, "", "nodes") || request.operation !== "CREATE") return;
    const node = request.object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === NOT_READY && taint.effect === "NoSchedule")) return;
    node.spec = { ...node.spec, taints: [...taints, { key: NOT_READY, effect: "NoSchedule" }] };
  }
}
