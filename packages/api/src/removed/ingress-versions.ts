import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, TypedLocalObjectReference } from "../generated/types.ts";
import type { KindVersion } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { removedVersion } from "./removed-version.ts";

/** A backend before v1: the Service's name and port side by side. */
interface OldBackend {
  serviceName?: string;
  /** A number, or the name of a port. */
  servicePort?: number | string;
  resource?: TypedLocalObjectReference;
}

type OldPath = Omit<HTTPIngressPath, "backend" | "pathType"> & { pathType?: string; backend?: OldBackend };
type OldRule = Omit<IngressRule, "http"> & { http?: { paths?: OldPath[] } };
type Spec = NonNullable<Ingress["spec"]>;

/** An Ingress before v1. */
type OldIngress = Omit<Ingress, "spec"> & { spec?: Omit<Spec, "defaultBackend" | "rules"> & { backend?: OldBackend; rules?: OldRule[] } };

function backendToStored({ serviceName = "", servicePort, resource }: OldBackend): IngressBackend {
  const backend: IngressBackend = resource === undefined ? {} : { resource };
  const hasPort = typeof servicePort === "string" || (servicePort ?? 0) !== 0;
  if (serviceName === "" && !hasPort) return backend;
  const port = typeof servicePort === "string" ? { name: servicePort } : hasPort ? { number: servicePort } : {};
  return { ...backend, service: { name: serviceName, port } };
}

function backendFromStored({ service, resource }: IngressBackend): OldBackend {
  const backend: OldBackend = resource === undefined ? {} : { resource };
  if (service === undefined) return backend;
  return { ...backend, serviceName: service.name, servicePort: service.port?.name || (service.port?.number ?? 0) };
}

function mapPaths<From, To>(rules: readonly { http?: { paths?: From[] } }[], convert: (path: From) => To): { http?: { paths?: To[] } }[] {
  return rules.map(({ http, ...rule }) => {
    if (http === undefined) return rule;
    return { ...rule, http: http.paths === undefined ? {} : { ...http, paths: http.paths.map(convert) } };
  });
}

function ingressToStored(object: KubeObject): KubeObject {
  const ingress = object as OldIngress;
  if (ingress.spec === undefined) return ingress;
  const { backend, rules, ...spec } = ingress.spec;
  return {
    ...ingress,
    spec: {
      ...spec,
      ...(backend === undefined ? {} : { defaultBackend: backendToStored(backend) }),
      ...(rules === undefined ? {} : { rules: mapPaths(rules, (path) => ({ ...path, backend: backendToStored(path.backend ?? {}) })) }),
    },
  } as Ingress;
}

function ingressFromStored(object: KubeObject): KubeObject {
  const ingress = object as Ingress;
  if (ingress.spec === undefined) return ingress;
  const { defaultBackend, rules, ...spec } = ingress.spec;
  return {
    ...ingress,
    spec: {
      ...spec,
      ...(defaultBackend === undefined ? {} : { backend: backendFromStored(defaultBackend) }),
      ...(rules === undefined ? {} : { rules: mapPaths(rules, (path) => ({ ...path, backend: backendFromStored(path.backend ?? {}) })) }),
    },
  } as OldIngress;
}

/** Types of paths came late, so that a path without one means whatever the controller makes of it. */
function setPathTypes(object: KubeObject): void {
  for (const rule of (object as OldIngress).spec?.rules ?? []) {
    for (const path of rule.http?.paths ?? []) path.pathType ??= "ImplementationSpecific";
  }
}

/** Messages name the fields that the client wrote. */
function ingressFieldPath(path: string): string {
  return path
    .replace(/^spec\.defaultBackend\b/, "spec.backend")
    .replace(/\.service\.name$/, ".serviceName")
    .replace(/\.service\.port(\.name|\.number)?$/, ".servicePort");
}

const ingress = {
  kind: "Ingress",
  version: "v1beta1",
  storedGroup: "networking.k8s.io",
  removedIn: 22,
  toStored: ingressToStored,
  fromStored: ingressFromStored,
  applyDefaults: setPathTypes,
  fieldPath: ingressFieldPath,
} as const;

/** The versions of Ingresses before `networking.k8s.io/v1`. */
export const removedIngressVersions: readonly KindVersion[] = [
  removedVersion({ ...ingress, group: "networking.k8s.io", deprecatedIn: 19 }),
  removedVersion({ ...ingress, group: "extensions", deprecatedIn: 14 }),
];
