import type { Ingress, IngressClass, KubeObject, PersistentVolumeClaim, StorageClass } from "@skiff/api";
import { parseTime } from "@skiff/base";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, refusal } from "./refusal.ts";

const STORAGE_ANNOTATIONS = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const INGRESS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class";
const OLD_CLAIM_ANNOTATION = "volume.beta.kubernetes.io/storage-class";
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
    // An empty name asks for no class; only one that is absent asks for the default.
    if (claim.spec === undefined || claim.spec.storageClassName !== undefined) return;
    if (claim.metadata?.annotations?.[OLD_CLAIM_ANNOTATION] !== undefined) return;
    const chosen = newest(this.#reader.list(RESOURCES.storageClasses).filter(isDefaultStorageClass));
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

function isDefaultStorageClass({ metadata }: StorageClass): boolean {
  return STORAGE_ANNOTATIONS.some((annotation) => metadata?.annotations?.[annotation] === "true");
}

function isDefaultIngressClass({ metadata }: IngressClass): boolean {
  return metadata?.annotations?.[INGRESS_ANNOTATION] === "true";
}

/** The one created last; of those created in the same second, the first by name. */
function newest<T extends KubeObject>(objects: readonly T[]): T | undefined {
  const createdMs = (object: T): number => parseTime(object.metadata?.creationTimestamp) ?? 0;
  const nameOf = (object: T): string => object.metadata?.name ?? "";
  return [...objects].sort((a, b) => createdMs(b) - createdMs(a) || (nameOf(a) < nameOf(b) ? -1 : 1))[0];
}
