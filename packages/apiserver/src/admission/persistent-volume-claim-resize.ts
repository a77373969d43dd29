import { tryParseQuantity, type PersistentVolumeClaim } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, refusal } from "./refusal.ts";

/** A claim may only grow, when it is bound and its StorageClass says that its volumes can. */
export class PersistentVolumeClaimResize implements AdmissionPlugin {
  readonly name = "PersistentVolumeClaimResize";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  validate(request: AdmissionRequest): void {
    if (!isAbout(request, "", "persistentvolumeclaims") || request.operation !== "UPDATE") return;
    const claim = request.object as PersistentVolumeClaim;
    const old = request.oldObject as PersistentVolumeClaim;
    const size = tryParseQuantity(claim.spec?.resources?.requests?.["storage"]);
    const oldSize = tryParseQuantity(old.spec?.resources?.requests?.["storage"]);
    if (size === undefined || oldSize === undefined || size.compare(oldSize) <= 0) return;
    if (old.status?.phase !== "Bound") throw refusal(request, "Only bound persistent volume claims can be expanded");
    if (!this.#allowsExpansion(claim, old)) {
      throw refusal(
        request,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
    }
  }

  #allowsExpansion(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
    const name = claim.spec?.storageClassName;
    if (!name || name !== old.spec?.storageClassName) return false;
    return this.#reader.get(RESOURCES.storageClasses, undefined, name)?.allowVolumeExpansion ?? false;
  }
}
