import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { isAbout } from "./refusal.ts";

const FINALIZERS = [
  ["", "persistentvolumeclaims", "kubernetes.io/pvc-protection"],
  ["", "persistentvolumes", "kubernetes.io/pv-protection"],
  ["storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"],
] as const;

/** Gives claims and volumes the finalizers that keep them while they are in use. */
export class StorageObjectInUseProtection implements AdmissionPlugin {
  readonly name = "StorageObjectInUseProtection";

  mutate(request: AdmissionRequest): void {
    if (request.operation !== "CREATE" || request.object === undefined) return;
    const [, , finalizer] = FINALIZERS.find(([group, plural]) => isAbout(request, group, plural)) ?? [];
    const finalizers = request.object.metadata?.finalizers ?? [];
    if (finalizer === undefined || finalizers.includes(finalizer)) return;
    request.object.metadata = { ...request.object.metadata, finalizers: [...finalizers, finalizer] };
  }
}
