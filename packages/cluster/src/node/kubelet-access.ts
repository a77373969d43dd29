import { subjectAccessReviewKind, tokenReviewKind } from "@skiff/api";
import type { Client } from "@skiff/client";
import type { KubeletServerOptions } from "@skiff/kubelet";

/** Who may use a node's own API: the API server says, as upstream's kubelet asks it by default. */
export function kubeletAccess(client: Client, nodeName: string): Required<Pick<KubeletServerOptions, "authenticateToken" | "authorize">> {
  return {
    async authenticateToken(token) {
      const review = await client.resource(tokenReviewKind).create({ spec: { token } });
      const { authenticated, user } = review.status ?? {};
      return authenticated === true && user?.username !== undefined ? { name: user.username, groups: user.groups ?? [] } : undefined;
    },
    async authorize(user, access) {
      // Members of this group may do everything; asking would only cost a round trip for each request of the API server.
      if (user.groups.includes("system:masters")) return true;
      for (const subresource of access.subresources) {
        const review = await client.resource(subjectAccessReviewKind).create({
          spec: {
            user: user.name,
            groups: [...user.groups],
            resourceAttributes: { verb: access.verb, resource: "nodes", subresource, name: nodeName },
          },
        });
        if (review.status?.allowed === true) return true;
      }
      return false;
    },
  };
}
