import type { Node } from "@skiff/api";
import type { AnnouncedEndpoint } from "./announced-endpoint.ts";

/** The Service of cluster DNS: the name that tools look for, whatever answers behind it. */
export const DNS_SERVICE = { namespace: "kube-system", name: "kube-dns" } as const;

/** The DNS server of a node as an endpoint of `kube-dns`. */
export function dnsEndpoint(node: Node, address: string, port: number): AnnouncedEndpoint {
  const ports = [
    { name: "dns", port, protocol: "UDP" },
    { name: "dns-tcp", port, protocol: "TCP" },
  ];
  return { service: DNS_SERVICE, node, address, ports };
}
