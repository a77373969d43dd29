import type { Node, Pod, PodSpec } from "@skiff/api";

/** A Pod for tests: one container, in `default`, with the given parts of its specification. */
export function testPod(name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: `uid-${name}`, labels },
    spec: { containers: [{ name: "main", image: "example" }], ...spec },
  };
}

/** A container's requests as the specification of a Pod. */
export function asking(requests: Record<string, string>): Partial<PodSpec> {
  return { containers: [{ name: "main", image: "example", resources: { requests } }] };
}

/** A node for tests: 4 CPUs, 8 GiB, 110 Pods, and its host name as a label. */
export function testNode(name: string, labels: Record<string, string> = {}, allocatable: Record<string, string> = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec: {},
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "100Gi", ...allocatable } },
  };
}
