import { configMapKind, namespaceKind, splitObjectKey, type ConfigMap, type Namespace } from "@skiff/api";
import { changesOf, objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { isNamespaceTerminating } from "../pods/pod-writer.ts";
import { sameJson } from "../same-json.ts";

/** The ConfigMap that Pods mount to check the API server's certificate. */
const ROOT_CA_CONFIG_MAP = "kube-root-ca.crt";
const DESCRIPTION_ANNOTATION = "kubernetes.io/description";
const DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or " +
  "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

interface Observed {
  readonly namespace: Namespace;
  readonly configMap: ConfigMap | undefined;
}

/** The ConfigMap as it must be written; `undefined` when it is right or its namespace is going away. */
function planRootCa({ namespace, configMap }: Observed, rootCa: string): ConfigMap | undefined {
  if (namespace.status?.phase === "Terminating" || namespace.metadata?.deletionTimestamp !== undefined) return undefined;
  const data = { "ca.crt": rootCa };
  const annotations = { ...configMap?.metadata?.annotations, [DESCRIPTION_ANNOTATION]: DESCRIPTION };
  if (configMap !== undefined && sameJson(configMap.data, data) && sameJson(configMap.metadata?.annotations, annotations)) return undefined;
  return {
    ...configMap,
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...configMap?.metadata, name: ROOT_CA_CONFIG_MAP, namespace: namespace.metadata?.name, annotations },
    data,
  };
}

/** Publishes the cluster's CA (PEM) in every namespace. */
export function createRootCaPublisher({ client, informers }: ControllerContext, rootCa: string): AnyController {
  const namespaces = informers.informer(namespaceKind);
  const configMaps = informers.informer(configMapKind);
  const controller: Controller<Observed, ConfigMap | undefined> = {
    name: "root-ca-cert-publisher",
    sources: [
      objectsOf(namespaces),
      changesOf(configMaps, ({ key, object }) =>
        object.metadata?.name === ROOT_CA_CONFIG_MAP ? [splitObjectKey(key).namespace ?? ""] : [],
      ),
    ],
    observe(key) {
      const namespace = namespaces.get(key);
      return namespace && { namespace, configMap: configMaps.get(`${key}/${ROOT_CA_CONFIG_MAP}`) };
    },
    plan: (observed) => planRootCa(observed, rootCa),
    async perform(configMap, observed) {
      if (configMap === undefined) return;
      const resource = client.resource(configMapKind);
      try {
        await (observed.configMap === undefined ? resource.create(configMap) : resource.update(configMap));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
    },
  };
  return controller;
}
