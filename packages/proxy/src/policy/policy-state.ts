import type { Namespace, NetworkPolicy, Pod } from "@skiff/api";
import { isIpv4 } from "../service-port.ts";

/** What the rules of a node follow from. */
export interface PolicyState {
  readonly policies: readonly NetworkPolicy[];
  readonly namespaces: readonly Namespace[];
  /** The Pods of the whole cluster. */
  readonly pods: readonly Pod[];
}

/** The networks of a node, and its name. */
export interface PolicyNetwork {
  /** The table's name; one table for each cluster in a network namespace. */
  readonly table: string;
  readonly nodeName: string;
  /** The addresses of the Pods of this node. */
  readonly podCidr: string;
  /** The address of cluster DNS, which the node answers itself. */
  readonly dnsServiceIp: string;
}

/** The direction of a rule, as seen from the selected Pod. */
export type Direction = "Ingress" | "Egress";

/** A Pod that has packets of its own: those on their node's network are that node for everybody else. */
export interface PodAddress {
  readonly pod: Pod;
  readonly ip: string;
}

/** Whether policies can be about the Pod at all. */
export function isSubject({ spec, status }: Pod): boolean {
  return spec?.hostNetwork !== true && status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

/** The Pods with addresses, in the order of these. */
export function podAddresses(pods: readonly Pod[]): PodAddress[] {
  return pods
    .flatMap((pod) => {
      const ip = pod.status?.podIP;
      return isSubject(pod) && ip !== undefined && isIpv4(ip) ? [{ pod, ip }] : [];
    })
    .sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0));
}

/**
 * Cluster DNS as rules see it. Upstream has Pods for it; here every node answers at the Service's own address, so that what
 * allows those Pods allows this.
 */
export function dnsPod(dnsServiceIp: string): Pod {
  return {
    metadata: { namespace: "kube-system", name: "kube-dns", labels: { "k8s-app": "kube-dns" } },
    spec: {
      containers: [
        {
          name: "dns",
          ports: [
            { name: "dns", containerPort: 53, protocol: "UDP" },
            { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
          ],
        },
      ],
    },
    status: { podIP: dnsServiceIp },
  };
}
