import type { UserInfo } from "../../user.ts";

const PREFIX = "system:node:";

/** The node whose kubelet the user is; `undefined` for everyone else. `name` is missing for members of `system:nodes` that are no node. */
export function nodeIdentityOf(user: UserInfo): { readonly name: string | undefined } | undefined {
  if (!user.groups.includes("system:nodes")) return undefined;
  if (!user.name.startsWith(PREFIX)) return undefined;
  const name = user.name.slice(PREFIX.length);
  return { name: name === "" ? undefined : name };
}
