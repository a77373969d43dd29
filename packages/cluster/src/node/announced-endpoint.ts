import { endpointSliceKind, type EndpointPort, type EndpointSlice, type Node } from "@skiff/api";
import { messageOf, sleep, type Host } from "@skiff/base";
import { applyObject, type Client } from "@skiff/client";

/** Something that a node process serves itself, behind a Service without a selector. */
export interface AnnouncedEndpoint {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly node: Node;
  readonly address: string;
  readonly ports: readonly EndpointPort[];
}

const RETRY_MS = 2000;

/**
 * Announces an endpoint of a Service on a node. The slice belongs to the Node object, so it goes with the node. Tries until it
 * succeeds or the signal is aborted.
 */
export async function announceEndpoint(client: Client, host: Host, endpoint: AnnouncedEndpoint, signal: AbortSignal): Promise<void> {
  const { service, node, address, ports } = endpoint;
  const nodeName = node.metadata?.name ?? "";
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${service.name}-${nodeName}`,
      namespace: service.namespace,
      labels: { "kubernetes.io/service-name": service.name, "endpointslice.kubernetes.io/managed-by": "skiff-node" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata?.uid ?? "" }],
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], nodeName, conditions: { ready: true, serving: true, terminating: false } }],
    ports: [...ports],
  };
  while (!signal.aborted) {
    try {
      await applyObject(client, endpointSliceKind, slice, { fieldManager: "skiff-node", force: true });
      return;
    } catch (error) {
      host.log.warn("an endpoint could not be announced; trying again", { service: service.name, error: messageOf(error) });
      await sleep(host.clock, RETRY_MS, signal).catch(() => {});
    }
  }
}
