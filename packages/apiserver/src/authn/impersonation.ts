import { internalError } from "@skiff/api";
import type { Authorizer, RequestAttributes } from "../attributes.ts";
import type { Credentials } from "../authenticator.ts";
import { forbiddenError } from "../authz/forbidden.ts";
import type { UserInfo } from "../user.ts";
import { AUTHENTICATED_GROUP } from "./authenticated-user.ts";
import { extraHeaders, listHeader } from "./identity-headers.ts";
import { parseServiceAccountUserName, serviceAccountGroups } from "./service-account-claims.ts";

/** Who is to be impersonated, as the `Impersonate-*` headers say. */
interface Impersonation {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * The user for whom the request is made: the one named in `Impersonate-User`, `-Group`, `-Uid` and `-Extra-*` when there
 * are such headers, otherwise `user` itself. Runs behind authentication and before authorisation.
 *
 * Errors: `Forbidden` unless `user` has the verb `impersonate` on each part; `InternalError`, as upstream has it, for
 * headers without `Impersonate-User`.
 */
export function impersonate(user: UserInfo, headers: Credentials["headers"], authorizer: Authorizer): UserInfo {
  const wanted = wantedOf(headers);
  if (wanted === undefined) return user;
  const allow = (parts: Partial<RequestAttributes>): void => {
    const attributes = { ...question(user), ...parts };
    const { decision, reason } = authorizer.authorize(attributes);
    if (decision !== "allow") throw forbiddenError(attributes, reason);
  };
  const serviceAccount = parseServiceAccountUserName(wanted.name);
  if (serviceAccount === undefined) allow({ resource: "users", name: wanted.name });
  else allow({ resource: "serviceaccounts", namespace: serviceAccount.namespace, name: serviceAccount.name });
  for (const group of wanted.groups) allow({ resource: "groups", name: group });
  for (const [key, values] of Object.entries(wanted.extra)) {
    for (const name of values) allow({ group: "authentication.k8s.io", resource: "userextras", subresource: key, name });
  }
  if (wanted.uid !== "") allow({ group: "authentication.k8s.io", resource: "uids", name: wanted.uid });
  return {
    name: wanted.name,
    ...(wanted.uid === "" ? {} : { uid: wanted.uid }),
    groups: groupsOf(wanted, serviceAccount?.namespace),
    ...(Object.keys(wanted.extra).length > 0 ? { extra: wanted.extra } : {}),
  };
}

function wantedOf(headers: Credentials["headers"]): Impersonation | undefined {
  const name = headers["impersonate-user"] ?? "";
  const uid = headers["impersonate-uid"] ?? "";
  const groups = listHeader(headers["impersonate-group"]);
  const extra = extraHeaders(headers, "impersonate-extra-") ?? {};
  if (name !== "") return { name, uid, groups, extra };
  if (uid === "" && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw internalError("requested impersonation of groups, uid or extra without impersonating a user");
}

function question(user: UserInfo): RequestAttributes {
  return {
    user,
    verb: "impersonate",
    group: "",
    version: "v1",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
    path: "",
    isResourceRequest: true,
  };
}

/** Service accounts bring their groups when none are asked for; everyone is authenticated, except the anonymous user. */
function groupsOf({ name, groups }: Impersonation, serviceAccountNamespace: string | undefined): string[] {
  const own = groups.length === 0 && serviceAccountNamespace !== undefined ? serviceAccountGroups(serviceAccountNamespace) : [...groups];
  const standing = name === "system:anonymous" ? "system:unauthenticated" : AUTHENTICATED_GROUP;
  const settled = own.includes(AUTHENTICATED_GROUP) || own.includes("system:unauthenticated");
  return settled ? own : [...own, standing];
}
