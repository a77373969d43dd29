import { endpointSliceKind, type EndpointSlice, type Node } from "@skiff/api";
import { messageOf, sleep, type Host } from "@skiff/base";
import { applyObject, type Client } from "@skiff/client";

/** The Service of cluster DNS: the name that tools look for, whatever answers behind it. */
export const DNS_SERVICE = { namespace: "kube-system", name: "kube-dns" } as const;

const RETRY_MS = 2000;

/**
 * Announces the DNS server of a node as an endpoint of `kube-dns`. The slice belongs to the Node object, so it goes with
 * the node. Tries until it succeeds or the signal is aborted.
 */
export async function announceDns(
  client: Client,
  host: Host,
  node: Node,
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const nodeName = node.metadata?.name ?? "";
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `kube-dns-${nodeName}`,
      namespace: DNS_SERVICE.namespace,
      labels: { "kubernetes.io/service-name": DNS_SERVICE.name, "endpointslice.kubernetes.io/managed-by": "skiff-node" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata?.uid ?? "" }],
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], nodeName, conditions: { ready: true, serving: true, terminating: false } }],
    ports: [
      { name: "dns", port, protocol: "UDP" },
      { name: "dns-tcp", port, protocol: "TCP" },
    ],
  };
  while (!signal.aborted) {
    try {
      await applyObject(client, endpointSliceKind, slice, { fieldManager: "skiff-node", force: true });
      return;
    } catch (error) {
      host.log.warn("cluster DNS could not be announced; trying again", { error: messageOf(error) });
      await sleep(host.clock, RETRY_MS, signal).catch(() => {});
    }
  }
}
