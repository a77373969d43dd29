import type { KubeObject, Namespace } from "@skiff/api";
import { customResourceDefinitionStrategy } from "../crd/definition-strategy.ts";
import { webhookConfigurationStrategy } from "../admission/webhook/webhook-strategy.ts";
import type { KindStrategy } from "./kind-strategy.ts";

const ANSWERS_OBJECT: KindStrategy = { answersDeletedObject: true };

/** A namespace goes when its `spec.finalizers` are gone: the namespace controller empties it first. */
const namespaceStrategy: KindStrategy = {
  isHeld: (object) => ((object as Namespace).spec?.finalizers ?? []).length > 0,
  beginDeletion(object: KubeObject) {
    const namespace = object as Namespace;
    namespace.status = { ...namespace.status, phase: "Terminating" };
    // Namespaces have no grace period, not even one of 0.
    delete namespace.metadata?.deletionGracePeriodSeconds;
  },
};

/**
 * How kinds differ from the rule where nothing but themselves is needed, by `group/kind`. Which kinds answer the deleted
 * object, and which ones orphan by default, is upstream's choice of old and kept for the clients that rely on it.
 */
export const BUILT_IN_STRATEGIES: ReadonlyMap<string, KindStrategy> = new Map<string, KindStrategy>([
  ["/Namespace", namespaceStrategy],
  ["/Pod", ANSWERS_OBJECT],
  ["/PodTemplate", ANSWERS_OBJECT],
  ["/PersistentVolume", ANSWERS_OBJECT],
  ["/PersistentVolumeClaim", ANSWERS_OBJECT],
  ["/ResourceQuota", ANSWERS_OBJECT],
  ["/Service", ANSWERS_OBJECT],
  ["/ServiceAccount", ANSWERS_OBJECT],
  ["storage.k8s.io/CSIDriver", ANSWERS_OBJECT],
  ["storage.k8s.io/CSINode", ANSWERS_OBJECT],
  ["storage.k8s.io/StorageClass", ANSWERS_OBJECT],
  ["storage.k8s.io/VolumeAttachment", ANSWERS_OBJECT],
  ["admissionregistration.k8s.io/MutatingWebhookConfiguration", webhookConfigurationStrategy("MutatingWebhookConfiguration")],
  ["admissionregistration.k8s.io/ValidatingWebhookConfiguration", webhookConfigurationStrategy("ValidatingWebhookConfiguration")],
  ["apiextensions.k8s.io/CustomResourceDefinition", customResourceDefinitionStrategy],
  ["/Event", { ignoresPropagation: true }],
  ["/ReplicationController", { orphansByDefault: true }],
  [
    "batch/Job",
    {
      orphansByDefault: true,
      deletionWarning:
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
    },
  ],
]);
