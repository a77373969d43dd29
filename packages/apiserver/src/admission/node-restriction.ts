import { jsonEquals, type CertificateSigningRequest, type Node, type Pod, type ResourceSlice, type TokenRequest } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { nodeIdentityOf } from "../authz/node/node-identity.ts";
import { referencesOf } from "../authz/node/pod-references.ts";
import type { ObjectReader } from "../object-reader.ts";
import { parseCertificateRequest } from "../pki/certificate-request.ts";
import { SIGNERS } from "../pki/signers.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { forbiddenNodeLabels } from "./node-labels.ts";
import { refusal } from "./refusal.ts";

const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
const LEASE_NAMESPACE = "kube-node-lease";

/**
 * Holds kubelets to their own node, as far as it takes a look at the object: what the Node authorizer cannot see from
 * method and path. Everyone else passes.
 */
export class NodeRestriction implements AdmissionPlugin {
  readonly name = "NodeRestriction";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  validate(request: AdmissionRequest): void {
    const identity = nodeIdentityOf(request.user);
    if (identity === undefined || request.operation === "CONNECT") return;
    if (identity.name === undefined) throw refusal(request, `could not determine node from user ${JSON.stringify(request.user.name)}`);
    const node = identity.name;
    switch (`${request.kind.group}/${request.kind.plural}`) {
      case "/pods":
        this.#pods(request, node);
        break;
      case "/nodes":
        nodes(request, node);
        break;
      case "/persistentvolumeclaims":
        claims(request, node);
        break;
      case "/serviceaccounts":
        if (request.subresource === "token") this.#token(request, node);
        break;
      case "coordination.k8s.io/leases":
        leases(request, node);
        break;
      case "storage.k8s.io/csinodes":
        ownName(request, node, "can only access CSINode with the same name as the requesting node");
        break;
      case "resource.k8s.io/resourceslices":
        slices(request, node);
        break;
      case "certificates.k8s.io/certificatesigningrequests":
        certificates(request, node);
        break;
      default:
    }
  }

  #pods(request: AdmissionRequest, node: string): void {
    const { subresource, operation } = request;
    if (subresource === "") {
      if (operation === "CREATE") this.#mirrorPod(request, node);
      else if (operation === "DELETE") podIsOn(request, node, request.oldObject as Pod | undefined, "delete pods");
      else throw refusal(request, `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`);
    } else if (subresource === "status" && operation === "UPDATE") podStatus(request, node);
    else if (subresource === "eviction" && operation === "CREATE") {
      podIsOn(request, node, this.#reader.get(RESOURCES.pods, request.namespace, request.name), "evict pods");
    } else throw refusal(request, `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`);
  }

  #mirrorPod(request: AdmissionRequest, node: string): void {
    const pod = request.object as Pod;
    if (pod.metadata?.annotations?.[MIRROR_ANNOTATION] === undefined) {
      throw refusal(request, `pod does not have "${MIRROR_ANNOTATION}" annotation, node "${node}" can only create mirror pods`);
    }
    if (pod.spec?.nodeName !== node) throw refusal(request, `node "${node}" can only create pods with spec.nodeName set to itself`);
    this.#owner(request, node, pod);
    if (pod.spec.serviceAccountName) throw refusal(request, `node "${node}" can not create pods that reference a service account`);
    const { secrets, configMaps, persistentVolumeClaims, resourceClaims } = referencesOf(pod);
    for (const [what, names] of Object.entries({
      secrets,
      configmaps: configMaps,
      persistentvolumeclaims: persistentVolumeClaims,
      resourceclaims: resourceClaims,
    })) {
      if (names.size > 0) throw refusal(request, `node "${node}" can not create pods that reference ${what}`);
    }
  }

  #owner(request: AdmissionRequest, node: string, pod: Pod): void {
    const [owner, ...others] = pod.metadata?.ownerReferences ?? [];
    if (owner === undefined || others.length > 0 || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node) {
      throw refusal(request, `node "${node}" can only create pods with an owner reference set to itself`);
    }
    if (!owner.controller) throw refusal(request, `node "${node}" can only create pods with a controller owner reference set to itself`);
    if (owner.blockOwnerDeletion) throw refusal(request, `node "${node}" must not set blockOwnerDeletion on an owner reference`);
    const uid = this.#reader.get(RESOURCES.nodes, undefined, node)?.metadata?.uid;
    if (owner.uid !== uid) throw refusal(request, `node ${node} UID mismatch: expected ${uid} got ${owner.uid}`);
  }

  #token(request: AdmissionRequest, node: string): void {
    const { boundObjectRef, audiences = [] } = (request.object as TokenRequest).spec ?? {};
    if (boundObjectRef?.kind !== "Pod" || !boundObjectRef.name) throw refusal(request, "node requested token not bound to a pod");
    if (!boundObjectRef.uid) throw refusal(request, "node requested token with a pod binding without a uid");
    const pod = this.#reader.get(RESOURCES.pods, request.namespace, boundObjectRef.name);
    if (pod === undefined) throw refusal(request, `pod "${boundObjectRef.name}" not found`);
    if (boundObjectRef.uid !== pod.metadata?.uid) {
      throw refusal(
        request,
        `the UID in the bound object reference (${boundObjectRef.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    if (pod.spec?.nodeName !== node) throw refusal(request, "node requested token bound to a pod scheduled on a different node");
    const allowed = this.#audiences(pod);
    const other = audiences.find((audience) => !allowed.has(audience));
    if (other !== undefined) throw refusal(request, `audience "${other}" not found in pod spec volume`);
  }

  /** The audiences of the tokens that the pod's volumes need; an empty one stands for the API server. */
  #audiences(pod: Pod): Set<string> {
    const found = new Set<string>([""]);
    for (const volume of pod.spec?.volumes ?? []) {
      for (const { serviceAccountToken } of volume.projected?.sources ?? [])
        if (serviceAccountToken) found.add(serviceAccountToken.audience ?? "");
      const driver = volume.csi && this.#reader.get(RESOURCES.csiDrivers, undefined, volume.csi.driver);
      for (const { audience } of driver?.spec.tokenRequests ?? []) found.add(audience);
    }
    return found;
  }
}

function podIsOn(request: AdmissionRequest, node: string, pod: Pod | undefined, what: string): void {
  if (pod !== undefined && pod.spec?.nodeName !== node)
    throw refusal(request, `node "${node}" can only ${what} with spec.nodeName set to itself`);
}

function podStatus(request: AdmissionRequest, node: string): void {
  const pod = request.object as Pod;
  const old = request.oldObject as Pod;
  podIsOn(request, node, old, "update pod status for pods");
  if (!jsonEquals(pod.metadata?.labels ?? {}, old.metadata?.labels ?? {}))
    throw refusal(request, `node "${node}" cannot update labels through pod status`);
  if (!jsonEquals(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) {
    throw refusal(request, `node "${node}" cannot update resource claim statuses`);
  }
}

function nodes(request: AdmissionRequest, node: string): void {
  const requested = request.name || request.object?.metadata?.name || "";
  if (requested !== node) throw refusal(request, `node "${node}" is not allowed to modify node "${requested}"`);
  const { object, oldObject } = request as { object?: Node; oldObject?: Node };
  if (request.operation === "CREATE") {
    const labels = forbiddenNodeLabels({}, object?.metadata?.labels ?? {});
    if (labels.length > 0) throw refusal(request, `node "${node}" is not allowed to set the following labels: ${labels.join(", ")}`);
    if (object?.metadata?.ownerReferences?.length) throw refusal(request, `node "${node}" is not allowed to set ownerReferences`);
  }
  if (request.operation !== "UPDATE") return;
  if (!jsonEquals(object?.spec?.taints ?? [], oldObject?.spec?.taints ?? []))
    throw refusal(request, `node "${node}" is not allowed to modify taints`);
  if (!jsonEquals(object?.metadata?.ownerReferences ?? [], oldObject?.metadata?.ownerReferences ?? [])) {
    throw refusal(request, `node "${node}" is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenNodeLabels(oldObject?.metadata?.labels ?? {}, object?.metadata?.labels ?? {});
  if (labels.length > 0) throw refusal(request, `is not allowed to modify labels: ${labels.join(", ")}`);
}

function claims(request: AdmissionRequest, node: string): void {
  const { subresource, operation, object, oldObject } = request;
  if (subresource !== "status" || operation !== "UPDATE") {
    throw refusal(request, `node "${node}" may only update PVC status`);
  }
  const rest = (claim: object | undefined): unknown => {
    const { status: _status, metadata, ...others } = (claim ?? {}) as Record<string, unknown>;
    const { managedFields: _managed, resourceVersion: _revision, ...stable } = (metadata ?? {}) as Record<string, unknown>;
    return { ...others, metadata: stable };
  };
  if (!jsonEquals(rest(object), rest(oldObject)))
    throw refusal(request, `node "${node}" is not allowed to update fields other than status`);
}

function leases(request: AdmissionRequest, node: string): void {
  if (request.namespace !== LEASE_NAMESPACE) throw refusal(request, `can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  ownName(request, node, "can only access node lease with the same name as the requesting node");
}

function ownName(request: AdmissionRequest, node: string, why: string): void {
  const name = request.operation === "CREATE" ? request.object?.metadata?.name : request.name;
  if (name !== node) throw refusal(request, why);
}

function slices(request: AdmissionRequest, node: string): void {
  const nodeOf = (slice: unknown): string | undefined => (slice as ResourceSlice | undefined)?.spec.nodeName;
  if (request.operation === "CREATE" && nodeOf(request.object) !== node) {
    throw refusal(request, "can only create ResourceSlice with the same NodeName as the requesting node");
  }
  if (
    (request.operation === "UPDATE" || request.operation === "DELETE") &&
    request.oldObject !== undefined &&
    nodeOf(request.oldObject) !== node
  ) {
    throw refusal(request, `can only ${request.operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`);
  }
}

function certificates(request: AdmissionRequest, node: string): void {
  if (request.operation !== "CREATE" || request.subresource !== "") return;
  const { spec } = request.object as CertificateSigningRequest;
  if (spec.signerName !== SIGNERS.kubeletServing && spec.signerName !== SIGNERS.kubeletClient) return;
  let commonName: string;
  try {
    ({ commonName } = parseCertificateRequest(Buffer.from(spec.request, "base64").toString("utf8")).subject);
  } catch (error) {
    throw refusal(request, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (commonName !== `system:node:${node}`) throw refusal(request, `can only create a node CSR with CN=system:node:${node}`);
}
