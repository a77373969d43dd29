import type { Authorizer } from "../attributes.ts";
import { NodeAuthorizer } from "./node/node-authorizer.ts";
import type { NodeSource } from "./node/node-source.ts";
import type { RbacAuthorizer } from "./rbac/rbac-authorizer.ts";
import { SuperuserAuthorizer, UnionAuthorizer } from "./union-authorizer.ts";

/** Superusers first, then nodes, then RBAC: `--authorization-mode=Node,RBAC`. */
export function createAuthorizer(rbac: RbacAuthorizer, nodes: NodeSource): Authorizer {
  return new UnionAuthorizer([new SuperuserAuthorizer(), new NodeAuthorizer(nodes), rbac]);
}
