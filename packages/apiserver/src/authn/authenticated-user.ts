import type { UserInfo } from "../user.ts";

/** The group of everyone who has shown who they are. */
export const AUTHENTICATED_GROUP = "system:authenticated";

/** The user with the group of all authenticated ones, once. The anonymous user stays as it is. */
export function asAuthenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(AUTHENTICATED_GROUP) || user.groups.includes("system:unauthenticated")) return user;
  return { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] };
}
