import { formatTime } from "@skiff/base";
import { isStatus, leaseKind, nodeKind, podKind, type Lease, type Node, type Pod } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { every, objectsOf, readsFrom, type AnyController, type Controller, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { PodsByNode } from "../pods/pods-by-node.ts";
import { isPodReady } from "../pods/pod-state.ts";
import { planNode, type NodeLifecycleOptions, type NodePlan, type ObservedNode } from "./plan.ts";
import { ZoneEvictions, zoneOf } from "./zone-evictions.ts";

const LEASE_NAMESPACE = "kube-node-lease";

/** Watches the signs of life of nodes; marks and taints those that fell silent or are not well. */
export function createNodeLifecycleController(context: ControllerContext, options: NodeLifecycleOptions = {}): AnyController {
  return new NodeLifecycleController(context, options);
}

interface SignOfLife {
  readonly uid: string | undefined;
  readonly sign: string;
  readonly seenMs: number;
}

class NodeLifecycleController implements Controller<ObservedNode, NodePlan> {
  readonly name = "node-controller";
  readonly concurrency = 8;
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #options: NodeLifecycleOptions;
  readonly #nodes: Informer<Node>;
  readonly #leases: Informer<Lease>;
  readonly #podsByNode: PodsByNode;
  readonly #zones: ZoneEvictions;
  /**
   * When each node was last heard of, by our own clock: the clocks of nodes differ, so only that a sign has changed counts,
   * never the time in it.
   */
  readonly #signs = new Map<string, SignOfLife>();

  constructor(context: ControllerContext, options: NodeLifecycleOptions) {
    const { informers, host } = context;
    this.#context = context;
    this.#options = options;
    this.#nodes = informers.informer(nodeKind);
    this.#leases = informers.informer(leaseKind);
    const pods = informers.informer(podKind);
    this.#podsByNode = new PodsByNode(pods);
    this.#zones = new ZoneEvictions(host.clock, this.#nodes);
    this.sources = [
      objectsOf(this.#nodes),
      readsFrom(this.#leases),
      readsFrom(pods),
      every(host.clock, options.monitorPeriodMs ?? 5000, () => this.#nodes.list().map(({ metadata }) => metadata?.name ?? "")),
    ];
  }

  observe(name: string): ObservedNode | undefined {
    const node = this.#nodes.get(name);
    if (node === undefined) {
      this.#signs.delete(name);
      return undefined;
    }
    const { seenMs } = this.#hear(name, node);
    const isKnown = node.status?.conditions?.some(({ type }) => type === "Ready") ?? false;
    const { gracePeriodMs = 50_000, startupGracePeriodMs = 60_000 } = this.#options;
    return {
      node,
      silentMs: this.#context.host.clock.monotonic() - seenMs,
      patienceMs: isKnown ? gracePeriodMs : startupGracePeriodMs,
      mayEvict: () => this.#zones.admit(zoneOf(node)),
      isEverythingDown: () => this.#zones.isEverythingDown(),
    };
  }

  plan(observed: ObservedNode, nowMs: number): NodePlan {
    return planNode(observed, nowMs);
  }

  async perform(plan: NodePlan, { node }: ObservedNode, name: string): Promise<void> {
    const { client, events } = this.#context;
    let current = node;
    if (plan.conditions !== undefined) {
      current = await client.resource(nodeKind).updateStatus({ ...node, status: { ...node.status, conditions: [...plan.conditions] } });
    }
    if (plan.becameNotReady) events.event(nodeKind, node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    if (plan.taints !== undefined) {
      await client.resource(nodeKind).update({ ...current, spec: { ...current.spec, taints: [...plan.taints] } });
    }
    if (plan.podsNotReady) {
      for (const pod of this.#podsByNode.on(name)) if (isPodReady(pod)) await this.#markNotReady(pod);
    }
  }

  #hear(name: string, node: Node): SignOfLife {
    const heartbeat = node.status?.conditions?.find(({ type }) => type === "Ready")?.lastHeartbeatTime ?? "";
    const renewed = this.#leases.get(`${LEASE_NAMESPACE}/${name}`)?.spec?.renewTime ?? "";
    const sign = `${renewed} ${heartbeat}`;
    const known = this.#signs.get(name);
    const { uid } = node.metadata ?? {};
    if (known !== undefined && known.uid === uid && known.sign === sign) return known;
    if (known?.uid !== uid) {
      this.#context.events.event(nodeKind, node, "Normal", "RegisteredNode", `Node ${name} event: Registered Node ${name} in Controller`);
    }
    const heard = { uid, sign, seenMs: this.#context.host.clock.monotonic() };
    this.#signs.set(name, heard);
    return heard;
  }

  async #markNotReady(pod: Pod): Promise<void> {
    const { client, events, host } = this.#context;
    const { namespace, name = "", uid } = pod.metadata ?? {};
    const conditions = [{ type: "Ready", status: "False", lastTransitionTime: formatTime(host.clock.now()) }];
    try {
      await client
        .resource(podKind)
        .patch({ namespace, name }, { metadata: { uid }, status: { conditions } }, { type: "strategic", subresource: "status" });
    } catch (error) {
      if (isStatus(error, "NotFound", "Conflict")) return;
      throw error;
    }
    events.event(podKind, pod, "Warning", "NodeNotReady", "Node is not ready");
  }
}
