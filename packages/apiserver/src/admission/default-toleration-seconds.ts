import type { Pod, Toleration } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";

const DEFAULT_SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] as const;

/** Lets pods stay for five minutes on nodes that are not ready or not reachable, unless they say otherwise. */
export class DefaultTolerationSeconds implements AdmissionPlugin {
  readonly name = "DefaultTolerationSeconds";

  mutate(request: AdmissionRequest): void {
    const { kind, subresource, operation } = request;
    if (kind.group !== "" || kind.plural !== "pods" || subresource !== "" || (operation !== "CREATE" && operation !== "UPDATE")) return;
    const { spec } = request.object as Pod;
    if (spec === undefined) return;
    const tolerations = spec.tolerations ?? [];
    const missing = TAINTS.filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
    if (missing.length === 0) return;
    const added = missing.map((key): Toleration => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: DEFAULT_SECONDS }));
    spec.tolerations = [...tolerations, ...added];
  }
}

function tolerates(toleration: Toleration, taint: string): boolean {
  return (!toleration.key || toleration.key === taint) && (!toleration.effect || toleration.effect === "NoExecute");
}
