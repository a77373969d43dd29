import type { Namespace } from "@skiff/api";
import type { AdmissionRequest } from "../../admission.ts";
import type { Authorizer } from "../../attributes.ts";
import { CelAuthorizer } from "../cel/authorizer-library.ts";
import type { CelVariables } from "../cel/cel-program.ts";
import { toCelValue } from "../cel/cel-value.ts";
import { reviewRequestOf } from "../webhook/admission-review.ts";
import type { RuleMatch } from "../webhook/resource-rules.ts";

/** The variables of match conditions of webhooks. */
export const CONDITION_VARIABLES: CelVariables = {
  object: "dyn",
  oldObject: "dyn",
  request: "dyn",
  authorizer: "kubernetes.authorization.Authorizer",
};

/** The variables of policies: parameters, the namespace, and what the policy itself defines. */
export const POLICY_VARIABLES: CelVariables = {
  ...CONDITION_VARIABLES,
  params: "dyn",
  namespaceObject: "dyn",
  variables: "map<string, dyn>",
};

const VERBS = { CREATE: "create", UPDATE: "update", DELETE: "delete", CONNECT: "connect" } as const;

/** The values of {@link CONDITION_VARIABLES} for a request. */
export function conditionValues(request: AdmissionRequest, shown: RuleMatch, authorizer: Authorizer): Record<string, unknown> {
  const { object, oldObject, ...review } = reviewRequestOf("", request, shown);
  const { kind, subresource, namespace, name } = request;
  const question = {
    verb: VERBS[request.operation],
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource,
    namespace,
    name,
  };
  return {
    object: toCelValue(object),
    oldObject: toCelValue(oldObject),
    request: toCelValue(review),
    authorizer: new CelAuthorizer(authorizer, request.user, question),
  };
}

/** What expressions may see of a namespace: its metadata and state, without what tells of writers. */
export function namespaceValue(namespace: Namespace | undefined): unknown {
  if (namespace === undefined) return null;
  const { managedFields: _managed, ...metadata } = namespace.metadata ?? {};
  return toCelValue({ apiVersion: "v1", kind: "Namespace", ...namespace, metadata });
}
