import type { UserInfo } from "../user.ts";

/** An object that a token is bound to. */
export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

/** What a service-account token says, apart from its times (the claim `kubernetes.io` and its neighbours). */
export interface ServiceAccountClaims {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly pod?: BoundObject;
  readonly secret?: BoundObject;
  readonly node?: BoundObject;
  readonly jwtId?: string;
}

const PREFIX = "system:serviceaccount:";

/** `system:serviceaccount:<namespace>:<name>`. */
export function serviceAccountUserName(namespace: string, name: string): string {
  return `${PREFIX}${namespace}:${name}`;
}

/** Takes such a user name apart; `undefined` when it is none. */
export function parseServiceAccountUserName(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!userName.startsWith(PREFIX)) return undefined;
  const [namespace = "", name = "", ...rest] = userName.slice(PREFIX.length).split(":");
  return rest.length > 0 || namespace === "" || name === "" ? undefined : { namespace, name };
}

/** The groups of every service account of a namespace. */
export function serviceAccountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

/** The user that a token stands for, with what is known of pod, node and token in `extra`. */
export function userOfClaims(claims: ServiceAccountClaims): UserInfo {
  const { namespace, serviceAccount, pod, node, jwtId } = claims;
  const extra: Record<string, readonly string[]> = {};
  const add = (key: string, value: string | undefined): void => {
    if (value) extra[`authentication.kubernetes.io/${key}`] = [value];
  };
  add("credential-id", jwtId === undefined ? undefined : `JTI=${jwtId}`);
  add("pod-name", pod?.name);
  add("pod-uid", pod?.uid);
  add("node-name", node?.name);
  add("node-uid", node?.uid);
  return {
    name: serviceAccountUserName(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}
