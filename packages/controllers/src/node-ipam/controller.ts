import { nodeKind, type Node } from "@skiff/api";
import { objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { CidrsExhaustedError, CidrSet } from "./cidr-set.ts";

/** Which addresses the Pods of a cluster have. */
export interface NodeIpamOptions {
  /** One range, or one of each family; the first is `spec.podCIDR`. */
  readonly clusterCidrs: readonly string[];
  /** Prefix length of a node's part. Defaults: 24 for IPv4, 64 for IPv6. */
  readonly nodeMaskBitsIpv4?: number;
  readonly nodeMaskBitsIpv6?: number;
}

/** Gives every node its own range of Pod addresses out of the cluster's. */
export function createNodeIpamController({ client, informers, events }: ControllerContext, options: NodeIpamOptions): AnyController {
  const { nodeMaskBitsIpv4 = 24, nodeMaskBitsIpv6 = 64 } = options;
  const sets = options.clusterCidrs.map((cidr) => new CidrSet(cidr, cidr.includes(":") ? nodeMaskBitsIpv6 : nodeMaskBitsIpv4));
  const nodes = informers.informer(nodeKind);
  /** By uid: what the node has, or was given and does not show yet. */
  const given = new Map<string, readonly string[]>();
  const onNode = (node: Node): readonly string[] => node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []);
  const note = (node: Node): void => {
    const cidrs = onNode(node);
    if (cidrs.length === 0) return;
    given.set(node.metadata?.uid ?? "", cidrs);
    for (const cidr of cidrs) for (const set of sets) set.occupy(cidr);
  };
  nodes.onChange(({ type, object }) => {
    if (type !== "deleted") return note(object);
    const uid = object.metadata?.uid ?? "";
    for (const cidr of given.get(uid) ?? []) for (const set of sets) set.release(cidr);
    given.delete(uid);
  });
  const controller: Controller<Node, readonly string[]> = {
    name: "node-ipam-controller",
    // Upstream's number of workers. Ranges are still given in the order in which nodes come: a range is taken before the
    // first wait. Only the writes overlap, so that a thousand nodes do not wait for a thousand flushes of the disk in turn.
    concurrency: 30,
    sources: [objectsOf(nodes)],
    observe(name) {
      const node = nodes.get(name);
      return node !== undefined && onNode(node).length === 0 ? node : undefined;
    },
    plan: (node) => given.get(node.metadata?.uid ?? "") ?? [],
    async perform(known, node) {
      let cidrs = known;
      if (cidrs.length === 0) {
        try {
          cidrs = sets.map((set) => set.allocate());
        } catch (error) {
          if (error instanceof CidrsExhaustedError) {
            events.event(nodeKind, node, "Normal", "CIDRNotAvailable", `Node ${node.metadata?.name} status is now: CIDRNotAvailable`);
          }
          throw error;
        }
        // Kept even when the write fails: the next attempt, or the node's end, finds it here.
        given.set(node.metadata?.uid ?? "", cidrs);
      }
      const patch = { metadata: { uid: node.metadata?.uid }, spec: { podCIDR: cidrs[0], podCIDRs: cidrs } };
      await client.resource(nodeKind).patch({ name: node.metadata?.name ?? "" }, patch, { type: "merge" });
    },
  };
  return controller;
}
