import { apiVersionOf, type KindDefinition, type KubeObject, type Status } from "@skiff/api";
import type { AdmissionRequest } from "../../admission.ts";
import { userInfoOf } from "../../authz/access-review.ts";
import type { RuleMatch } from "./resource-rules.ts";

/** The request of an `admission.k8s.io/v1 AdmissionReview`; expressions see the same as `request`. */
export interface ReviewRequest {
  readonly uid: string;
  readonly kind: GroupVersionKindName;
  readonly resource: GroupVersionResourceName;
  readonly subResource?: string;
  readonly requestKind: GroupVersionKindName;
  readonly requestResource: GroupVersionResourceName;
  readonly requestSubResource?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly operation: AdmissionRequest["operation"];
  readonly userInfo: ReturnType<typeof userInfoOf>;
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
  readonly dryRun: boolean;
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** A kind as reviews name it. */
interface GroupVersionKindName {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A resource as reviews name it. */
interface GroupVersionResourceName {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** The answer of a webhook. */
export interface ReviewResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: Partial<Status>;
  /** Base64. */
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

const OPTIONS_KINDS: Readonly<Record<AdmissionRequest["operation"], string | undefined>> = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
  CONNECT: undefined,
};

/** The request as a review shows it, in the version that the matching rule asked for. */
export function reviewRequestOf(uid: string, request: AdmissionRequest, shown: RuleMatch): ReviewRequest {
  const { kind, subresource, operation } = request;
  const object = inVersion(request.object, kind, shown);
  const oldObject = inVersion(request.oldObject, kind, shown);
  const kindName = kindNameOf(object ?? oldObject, kind, shown, subresource);
  const resource = { group: shown.group, version: shown.version, resource: kind.plural };
  const optionsKind = OPTIONS_KINDS[operation];
  const sub = subresource === "" ? {} : { subResource: subresource, requestSubResource: subresource };
  return {
    uid,
    kind: kindName,
    resource,
    requestKind: kindName,
    requestResource: resource,
    ...sub,
    name: request.name || (request.object?.metadata?.name ?? ""),
    ...(request.namespace === "" ? {} : { namespace: request.namespace }),
    operation,
    userInfo: userInfoOf(request.user),
    object,
    oldObject,
    dryRun: request.dryRun,
    options: optionsKind === undefined ? null : { kind: optionsKind, apiVersion: "meta.k8s.io/v1", ...request.options },
  };
}

/** Subresources may carry another kind than the resource itself: `pods/binding` is a Binding. */
function kindNameOf(object: KubeObject | null, kind: KindDefinition, shown: RuleMatch, subresource: string): GroupVersionKindName {
  if (subresource !== "" && object?.kind !== undefined && object.kind !== kind.kind) {
    const [version = "", group = ""] = (object.apiVersion ?? "").split("/").reverse();
    return { group, version, kind: object.kind };
  }
  return { group: shown.group, version: shown.version, kind: kind.kind };
}

function inVersion(object: KubeObject | undefined, kind: KindDefinition, shown: RuleMatch): KubeObject | null {
  if (object === undefined) return null;
  const other = otherVersion(kind, shown);
  // Objects inside the process may lack what every object on the wire has.
  const named: KubeObject =
    object.apiVersion !== undefined && object.kind !== undefined ? object : { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object };
  return other === undefined ? named : other.fromStored(structuredClone(named));
}

/** Takes an object that a webhook changed back into the stored version. */
export function toStoredVersion(object: KubeObject, kind: KindDefinition, shown: RuleMatch): KubeObject {
  return otherVersion(kind, shown)?.toStored(object) ?? object;
}

function otherVersion(
  kind: KindDefinition,
  { group, version }: RuleMatch,
): NonNullable<KindDefinition["otherVersions"]>[number] | undefined {
  return kind.otherVersions?.find((other) => other.version === version && (other.group ?? kind.group) === group);
}
