import { defaultStorageClass, lacksStorageClass, type Ingress, type IngressClass, type PersistentVolumeClaim } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, refusal } from "./refusal.ts";

const INGRESS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class";
const OLD_INGRESS_ANNOTATION = "kubernetes.io/ingress.class";

/** Claims that name no StorageClass get the default one; of several, the newest. */
export class DefaultStorageClass implements AdmissionPlugin {
  readonly name = "DefaultStorageClass";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  mutate(request: AdmissionRequest): void {
    if (!isAbout(request, "", "persistentvolumeclaims") || request.operation !== "CREATE") return;
    const claim = request.object as PersistentVolumeClaim;
    if (claim.spec === undefined || !lacksStorageClass(claim)) return;
    const chosen = defaultStorageClass(this.#reader.list(RESOURCES.storageClasses));
    if (chosen !== undefined) claim.spec.storageClassName = chosen.metadata?.name;
  }
}

/** Ingresses that name no IngressClass get the default one. */
export class DefaultIngressClass implements AdmissionPlugin {
  readonly name = "DefaultIngressClass";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  mutate(request: AdmissionRequest): void {
    if (!isAbout(request, "networking.k8s.io", "ingresses") || request.operation !== "CREATE") return;
    const ingress = request.object as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata?.annotations?.[OLD_INGRESS_ANNOTATION] !== undefined) return;
    const defaults = this.#reader.list(RESOURCES.ingressClasses).filter(isDefaultIngressClass);
    const [chosen] = defaults;
    if (chosen === undefined) return;
    if (defaults.length > 1) throw refusal(request, `${defaults.length} default IngressClasses were found, only 1 allowed`);
    ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata?.name };
  }
}

function isDefaultIngressClass({ metadata }: IngressClass): boolean {
  return metadata?.annotations?.[INGRESS_ANNOTATION] === "true";
}
