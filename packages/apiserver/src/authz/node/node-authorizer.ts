import type { PersistentVolume } from "@skiff/api";
import type { AuthorizationDecision, Authorizer, RequestAttributes } from "../../attributes.ts";
import { NODE_RULES } from "../bootstrap-policy/cluster-roles.ts";
import { compileRule } from "../rbac/rule-match.ts";
import { nodeIdentityOf } from "./node-identity.ts";
import type { NodeSource } from "./node-source.ts";
import { referencesOf, type PodReferences } from "./pod-references.ts";

const RULES = NODE_RULES.map(compileRule);
const LEASE_NAMESPACE = "kube-node-lease";

/** How much a namespaced kind in {@link PodReferences} is guarded. */
const REFERENCED: Readonly<Record<string, { readonly set: keyof PodReferences; readonly listable: boolean }>> = {
  "/secrets": { set: "secrets", listable: true },
  "/configmaps": { set: "configMaps", listable: true },
  "/persistentvolumeclaims": { set: "persistentVolumeClaims", listable: false },
  "resource.k8s.io/resourceclaims": { set: "resourceClaims", listable: false },
};

/**
 * Lets a kubelet do what it needs for the pods of its own node, and nothing for those of others (KEP-279, KEP-4601):
 * it reads the secrets, config maps, claims and volumes that its pods refer to, writes its own node, lease and CSI
 * node, and lists only its own node and pods. Says no opinion about everyone who is not a node.
 */
export class NodeAuthorizer implements Authorizer {
  readonly #source: NodeSource;

  constructor(source: NodeSource) {
    this.#source = source;
  }

  authorize(attributes: RequestAttributes): AuthorizationDecision {
    const identity = nodeIdentityOf(attributes.user);
    if (identity === undefined) return { decision: "noOpinion" };
    if (identity.name === undefined) return no("unknown node for user");
    if (attributes.isResourceRequest) {
      const special = this.#special(identity.name, attributes);
      if (special !== undefined) return special;
    }
    return RULES.some((rule) => rule.matches(attributes)) ? { decision: "allow" } : { decision: "noOpinion" };
  }

  /** The kinds that need more than a rule; `undefined` leaves the decision to the rules. */
  #special(node: string, attributes: RequestAttributes): AuthorizationDecision | undefined {
    const kind = `${attributes.group}/${attributes.resource}`;
    const referenced = REFERENCED[kind];
    if (kind === "/persistentvolumeclaims" && attributes.subresource === "status") {
      if (!["get", "update", "patch"].includes(attributes.verb)) return no("can only get, update, or patch status");
      return this.#refers(node, "persistentVolumeClaims", attributes);
    }
    if (referenced !== undefined) return this.#reading(node, attributes, referenced);
    switch (kind) {
      case "/persistentvolumes":
        return this.#persistentVolume(node, attributes);
      case "storage.k8s.io/volumeattachments":
        return this.#volumeAttachment(node, attributes);
      case "/serviceaccounts":
        return this.#serviceAccount(node, attributes);
      case "coordination.k8s.io/leases":
        return lease(node, attributes);
      case "storage.k8s.io/csinodes":
        return csiNode(node, attributes);
      case "resource.k8s.io/resourceslices":
        return resourceSlices(node, attributes);
      case "/nodes":
        return ownNode(node, attributes);
      case "/pods":
        return this.#pods(node, attributes);
      default:
        return undefined;
    }
  }

  #reading(
    node: string,
    attributes: RequestAttributes,
    { set, listable }: { set: keyof PodReferences; listable: boolean },
  ): AuthorizationDecision {
    const verbs = listable ? ["get", "list", "watch"] : ["get"];
    if (!verbs.includes(attributes.verb))
      return no(listable ? "can only read resources of this type" : "can only get individual resources of this type");
    if (attributes.subresource !== "") return no("cannot read subresource");
    // A list or watch has a name when its field selector asks for one object.
    if (attributes.name === "") return no("No Object name found");
    return this.#refers(node, set, attributes);
  }

  #refers(node: string, set: keyof PodReferences, { namespace, name }: RequestAttributes): AuthorizationDecision {
    if (this.#usedOnNode(node, set, namespace, name)) return { decision: "allow" };
    if (set === "secrets" && this.#secretOfVolume(node, namespace, name)) return { decision: "allow" };
    return no(`no relationship found between node '${node}' and this object`);
  }

  #usedOnNode(node: string, set: keyof PodReferences, namespace: string, name: string): boolean {
    return this.#source.podsOnNode(node).some((pod) => pod.metadata?.namespace === namespace && referencesOf(pod)[set].has(name));
  }

  /** Drivers need secrets that a PersistentVolume refers to, wherever these stand. */
  #secretOfVolume(node: string, namespace: string, name: string): boolean {
    return this.#source.podsOnNode(node).some((pod) => {
      const podNamespace = pod.metadata?.namespace ?? "";
      return [...referencesOf(pod).persistentVolumeClaims].some((claim) => {
        const volume = this.#source.volumeOfClaim(podNamespace, claim);
        return (
          volume !== undefined &&
          volumeSecrets(volume, podNamespace).some((secret) => secret.namespace === namespace && secret.name === name)
        );
      });
    });
  }

  #persistentVolume(node: string, attributes: RequestAttributes): AuthorizationDecision {
    if (attributes.verb !== "get") return no("can only get individual resources of this type");
    if (attributes.subresource !== "") return no("cannot get subresource");
    const claim = this.#source.persistentVolume(attributes.name)?.spec?.claimRef;
    if (claim?.name && this.#usedOnNode(node, "persistentVolumeClaims", claim.namespace ?? "", claim.name)) return { decision: "allow" };
    return no(`no relationship found between node '${node}' and this object`);
  }

  #volumeAttachment(node: string, attributes: RequestAttributes): AuthorizationDecision {
    if (attributes.verb !== "get") return no("can only get individual resources of this type");
    if (attributes.subresource !== "") return no("cannot get subresource");
    if (this.#source.volumeAttachment(attributes.name)?.spec.nodeName === node) return { decision: "allow" };
    return no(`no relationship found between node '${node}' and this object`);
  }

  #serviceAccount(node: string, attributes: RequestAttributes): AuthorizationDecision {
    const isToken = attributes.verb === "create" && attributes.subresource === "token";
    const isRead = attributes.verb === "get" && attributes.subresource === "";
    if (!isToken && !isRead) return no("can only create tokens for individual service accounts");
    if (attributes.name === "") return no("No Object name found");
    return this.#refers(node, "serviceAccounts", attributes);
  }

  #pods(node: string, attributes: RequestAttributes): AuthorizationDecision | undefined {
    if (attributes.subresource !== "") return undefined;
    switch (attributes.verb) {
      case "get": {
        const pod = this.#source.pod(attributes.namespace, attributes.name);
        if (pod === undefined || pod.spec?.nodeName === node) return undefined;
        return no(`no relationship found between node '${node}' and this object`);
      }
      case "list":
      case "watch":
        if (attributes.fieldSelector === undefined || selects(attributes.fieldSelector, "spec.nodeName", node)) return undefined;
        return no("can only list/watch pods with spec.nodeName field selector");
      default:
        return undefined;
    }
  }
}

function no(reason: string): AuthorizationDecision {
  return { decision: "noOpinion", reason };
}

function ownNode(node: string, attributes: RequestAttributes): AuthorizationDecision | undefined {
  const { verb, name, subresource, fieldSelector } = attributes;
  if (subresource !== "" && subresource !== "status") return undefined;
  if (verb === "get" && name !== node) return no(`node '${node}' cannot read '${name}', only its own Node object`);
  if (
    (verb === "list" || verb === "watch") &&
    name !== node &&
    fieldSelector !== undefined &&
    !selects(fieldSelector, "metadata.name", node)
  ) {
    return no(`node '${node}' cannot read all nodes, only its own Node object`);
  }
  return undefined;
}

function lease(node: string, { verb, namespace, name }: RequestAttributes): AuthorizationDecision {
  if (!["get", "create", "update", "patch", "delete"].includes(verb))
    return no("can only get, create, update, patch, or delete a node lease");
  if (namespace !== LEASE_NAMESPACE) return no(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  // The name of an object to be created stands in its body, which admission looks at.
  if (verb !== "create" && name !== node) return no("can only access node lease with the same name as the requesting node");
  return { decision: "allow" };
}

function csiNode(node: string, { verb, subresource, name }: RequestAttributes): AuthorizationDecision {
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) return no("can only get, create, update, patch, or delete a CSINode");
  if (subresource !== "") return no("cannot authorize CSINode subresources");
  if (verb !== "create" && name !== node) return no("can only access CSINode with the same name as the requesting node");
  return { decision: "allow" };
}

function resourceSlices(node: string, { verb, subresource, fieldSelector }: RequestAttributes): AuthorizationDecision {
  if (subresource !== "") return no("cannot authorize ResourceSlice subresources");
  switch (verb) {
    case "create":
    case "get":
    case "update":
    case "patch":
    case "delete":
      return { decision: "allow" };
    case "list":
    case "watch":
    case "deletecollection":
      return fieldSelector === undefined || selects(fieldSelector, "spec.nodeName", node)
        ? { decision: "allow" }
        : no("can only list/watch/deletecollection resourceslices with nodeName field selector");
    default:
      return no(
        "only the following verbs are allowed for a ResourceSlice: create, get, update, patch, delete, list, watch, deletecollection",
      );
  }
}

/** Whether a field selector has the requirement that `field` equals `value`. */
function selects(fieldSelector: string, field: string, value: string): boolean {
  return fieldSelector.split(",").some((term) => term.trim() === `${field}=${value}` || term.trim() === `${field}==${value}`);
}

function volumeSecrets({ spec = {} }: PersistentVolume, claimNamespace: string): { namespace: string; name: string }[] {
  const { csi } = spec;
  const references = [
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
    csi?.controllerPublishSecretRef,
    csi?.controllerExpandSecretRef,
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.flexVolume?.secretRef,
    spec.iscsi?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.azureFile ? { name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace } : undefined,
  ];
  return references.flatMap((reference) =>
    reference?.name ? [{ name: reference.name, namespace: reference.namespace || claimNamespace }] : [],
  );
}
