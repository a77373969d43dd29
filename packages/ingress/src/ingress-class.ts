import type { Ingress, IngressClass } from "@skiff/api";

/** The name under which IngressClasses point at this controller. */
export const INGRESS_CONTROLLER = "skiff.dev/ingress";
/** The class that every cluster has, as its default. */
export const INGRESS_CLASS = "skiff";
/** How Ingresses named their class before there were IngressClass objects. */
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
/**
 * Classes that manifests name without bringing them: served as well, unless the cluster has an IngressClass of that name, whose
 * controller then decides.
 */
const CUSTOMARY_CLASSES: ReadonlySet<string> = new Set(["nginx"]);

/** Whether this controller serves the Ingress. One without any class is served, as nobody else is named. */
export function isServed(ingress: Ingress, classes: ReadonlyMap<string, IngressClass>): boolean {
  // The annotation counts first, as for upstream's controllers (API documentation of `ingressClassName`).
  const name = ingress.metadata?.annotations?.[CLASS_ANNOTATION] ?? ingress.spec?.ingressClassName;
  if (name === undefined || name === "") return true;
  const found = classes.get(name);
  return found === undefined ? name === INGRESS_CLASS || CUSTOMARY_CLASSES.has(name) : found.spec?.controller === INGRESS_CONTROLLER;
}
