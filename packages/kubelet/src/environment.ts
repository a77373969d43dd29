import type { ConfigMap, Container, EnvFromSource, EnvVar, Pod, Secret, Service } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { KubeletSources } from "./kubelet-sources.ts";
import { podField, resourceField, type NodeSideFields } from "./pod-fields.ts";
import { findContainer } from "./pod-containers.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { configError } from "./start-error.ts";
import { expandVariables } from "./variable-expansion.ts";

/**
 * The environment of a container: Services first, then `envFrom`, then `env`; later ones win.
 *
 * Errors: a StartError (`CreateContainerConfigError`) when something that it refers to is missing.
 */
export async function containerEnvironment(
  pod: Pod,
  container: Container,
  sources: Pick<KubeletSources, "configMaps" | "secrets" | "services">,
  fields: NodeSideFields,
): Promise<Map<string, string>> {
  const namespace = pod.metadata?.namespace ?? "";
  const services = serviceEnvironment(visibleServices(pod, sources.services.list()));
  const own = new Map<string, string>();
  for (const source of container.envFrom ?? []) await addFrom(own, source, namespace, sources);
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, {
      pod,
      container,
      namespace,
      sources,
      fields,
      known: (name) => own.get(name) ?? services.get(name),
    });
    if (value !== undefined) own.set(variable.name, value);
  }
  for (const [name, value] of services) if (!own.has(name)) own.set(name, value);
  return own;
}

/** Services of the Pod's namespace unless it does not want them, and always that of the API server. */
function visibleServices(pod: Pod, services: readonly Service[]): Service[] {
  const namespace = pod.metadata?.namespace;
  const linked = pod.spec?.enableServiceLinks !== false;
  const isMaster = ({ metadata }: Service): boolean => metadata?.namespace === "default" && metadata.name === "kubernetes";
  const own = linked ? services.filter(({ metadata }) => metadata?.namespace === namespace) : [];
  // A Service of that name in the Pod's own namespace hides the API server's.
  const hidden = own.some(({ metadata }) => metadata?.name === "kubernetes");
  return hidden ? own : [...own, ...services.filter(isMaster)];
}

interface ValueContext {
  readonly pod: Pod;
  readonly container: Container;
  readonly namespace: string;
  readonly sources: Pick<KubeletSources, "configMaps" | "secrets">;
  readonly fields: NodeSideFields;
  readonly known: (name: string) => string | undefined;
}

async function valueOf(variable: EnvVar, context: ValueContext): Promise<string | undefined> {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return expandVariables(variable.value ?? "", context.known);
  const { namespace, sources, pod, fields } = context;
  if (valueFrom.configMapKeyRef) {
    const { name = "", key, optional } = valueFrom.configMapKeyRef;
    const object = await sources.configMaps.get(`${namespace}/${name}`);
    if (object === undefined) return missing(optional, `configmap "${name}" not found`);
    return object.data?.[key] ?? missing(optional, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (valueFrom.secretKeyRef) {
    const { name = "", key, optional } = valueFrom.secretKeyRef;
    const object = await sources.secrets.get(`${namespace}/${name}`);
    if (object === undefined) return missing(optional, `secret "${name}" not found`);
    const encoded = object.data?.[key];
    return encoded === undefined
      ? missing(optional, `couldn't find key ${key} in Secret ${namespace}/${name}`)
      : Buffer.from(encoded, "base64").toString("utf8");
  }
  try {
    if (valueFrom.fieldRef) return podField(pod, valueFrom.fieldRef.fieldPath, fields);
    if (valueFrom.resourceFieldRef) {
      const { containerName } = valueFrom.resourceFieldRef;
      const target = containerName ? findContainer(pod, containerName)?.container : context.container;
      if (target === undefined) throw new Error(`container ${containerName} not found`);
      return resourceField(target, valueFrom.resourceFieldRef, fields);
    }
  } catch (error) {
    throw configError(messageOf(error), error);
  }
  return undefined;
}

async function addFrom(
  into: Map<string, string>,
  source: EnvFromSource,
  namespace: string,
  sources: Pick<KubeletSources, "configMaps" | "secrets">,
): Promise<void> {
  const prefix = source.prefix ?? "";
  if (source.configMapRef) {
    const { name = "", optional } = source.configMapRef;
    const object: ConfigMap | undefined = await sources.configMaps.get(`${namespace}/${name}`);
    if (object === undefined) missing(optional, `configmap "${name}" not found`);
    for (const [key, value] of Object.entries(object?.data ?? {})) into.set(prefix + key, value);
  }
  if (source.secretRef) {
    const { name = "", optional } = source.secretRef;
    const object: Secret | undefined = await sources.secrets.get(`${namespace}/${name}`);
    if (object === undefined) missing(optional, `secret "${name}" not found`);
    for (const [key, value] of Object.entries(object?.data ?? {})) into.set(prefix + key, Buffer.from(value, "base64").toString("utf8"));
  }
}

function missing(optional: boolean | undefined, message: string): undefined {
  if (optional !== true) throw configError(message);
  return undefined;
}
